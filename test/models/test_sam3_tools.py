# Copyright 2026 The spatialclaw_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""A cell's calls, down to the real network and back."""

from __future__ import annotations

import numpy as np
import sam3_lab
from tiny_sam3 import MASK_SIZE

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.model_segmenter import ModelSegmenter
from spatialclaw_ros.perception.tools import PerceptionTools
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

ROWS, COLUMNS = (8, 24), (4, 12)
SIZES = {'front': (48, 64), 'side': (33, 40)}


def observation() -> Observation:
    """Three frames of one camera, two of another, in turn."""
    frames = []
    for index, camera in enumerate(('front', 'side', 'front', 'side', 'front')):
        (image,) = sam3_lab.noise(1, SIZES[camera], seed=index)
        frames.append(Frame(index, camera, index, f'{camera}_optical', image))
    return Observation(tuple(frames))


def call(tool: str, args: dict[str, object], **arrays: np.ndarray) -> ToolResult:
    """Ask the tools while the network says where a rectangle is."""
    model = sam3_lab.shared()
    with sam3_lab.saying(model, lambda: sam3_lab.rectangle(ROWS, COLUMNS)):
        result = PerceptionTools(segmenter=ModelSegmenter(model)).handle(
            observation(), ToolCall(tool, args, arrays), Deadline())
    assert result.error is None
    return result


def assert_rectangle(mask: np.ndarray) -> None:
    """A quarter of the width is (12 - 4) / 32, half of the height (24 - 8) / 32."""
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    np.testing.assert_allclose(
        [rows.mean() + 0.5, columns.mean() + 0.5],
        [np.mean(ROWS) * height / MASK_SIZE, np.mean(COLUMNS) * width / MASK_SIZE], atol=0.6)
    assert abs(mask.mean() - 0.125) < 0.01


def test_texts_in_frames_of_two_cameras() -> None:
    result = call('segment', {'mode': 'text', 'prompts': ['mug'], 'labels': ['cup'],
                              'frame_indices': [4, 0, 1, 2, 3], 'prompt_frame': 2})
    assert result.values['labels'] == ['cup', 'cup']
    scores = result.arrays['scores']
    for row, index in enumerate((4, 0, 1, 2, 3)):
        column = index % 2
        masks = result.arrays[f'masks_{index}']
        assert_rectangle(masks[column])
        assert not masks[1 - column].any()
        assert scores[row, column] > 0.5
        assert scores[row, 1 - column] == 0
    assert any('listed for itself' in note for note in result.values['notes'])


def test_a_box_in_one_camera() -> None:
    result = call('segment', {'mode': 'box', 'frame_indices': [0, 2, 4], 'prompt_frame': 2},
                  boxes=np.array([[5.0, 5.0, 30.0, 30.0]]))
    assert result.values == {'labels': ['object'], 'notes': []}
    for index in (0, 2, 4):
        assert_rectangle(result.arrays[f'masks_{index}'][0])


def test_existence() -> None:
    result = call('exists', {'object_name': 'mug', 'frame_indices': [0, 1, 2, 3, 4]})
    assert result.values['exists'] is True
    assert result.values['score'] > 0.99
