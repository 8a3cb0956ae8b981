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

"""Tool calls as a worker sends them, right and hostile."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, DeadlineExceededError, PerceptionError
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

Ask = Callable[..., ToolResult]
SMALL = Observation(tuple(
    Frame(i, 'c', i, 'c_optical', np.full((48, 64, 3), 90, np.uint8)) for i in range(3)))
POINT = np.array([[5.0, 5.0]])


def test_capabilities() -> None:
    tools = make_perception(ocr='none')
    assert tools.capabilities == {'reconstruct', 'segment'}
    assert tools.names == {'reconstruct': 'rgbd', 'segment': 'classical'}
    blind = make_perception(reconstruct='none', segment='none', ocr='none')
    assert blind.capabilities == frozenset()
    for bad in ({'reconstruct': 'x'}, {'segment': 'x'}, {'ocr': 'x'}):
        with pytest.raises(PerceptionError, match="'x'"):
            make_perception(**bad)


@pytest.mark.parametrize(('tool', 'values', 'words'), [
    ('reconstruct', {}, 'frame_indices must be a list'),
    ('reconstruct', {'frame_indices': []}, 'frame_indices must be a list'),
    ('reconstruct', {'frame_indices': [3]}, 'frame 3 is not in [0, 2]; did you mean 2?'),
    ('reconstruct', {'frame_indices': [-1]}, 'did you mean 0?'),
    ('reconstruct', {'frame_indices': [0, 0]}, 'more than once'),
    ('reconstruct', {'frame_indices': [True]}, 'whole number'),
    ('reconstruct', {'frame_indices': [1.5]}, 'whole number'),
    ('reconstruct', {'frame_indices': [10**400]}, 'very large'),
    ('reconstruct', {'frame_indices': list(range(99))}, 'there are 3 frames'),
    ('reconstruct', {'frame_indices': [0]}, 'no depth'),
    ('segment', {'mode': 'magic', 'frame_indices': [0]}, 'text, points, box'),
    ('segment', {'mode': ['text'], 'frame_indices': [0]}, 'text, points, box'),
    ('segment', {'mode': 'text', 'frame_indices': [0]}, 'prompts must be a list'),
    ('segment', {'mode': 'text', 'frame_indices': [0], 'prompts': [7]}, 'must be a text'),
    ('segment', {'mode': 'text', 'frame_indices': [0], 'prompts': ['x' * 999]}, '999 characters'),
    ('segment', {'mode': 'text', 'frame_indices': [0], 'prompts': ['x'] * 99}, '99 texts'),
    ('segment', {'mode': 'text', 'frame_indices': [0], 'prompts': ['a'], 'labels': ['b', 'c']},
     '2 labels came for 1 prompts'),
    ('segment', {'mode': 'points', 'frame_indices': [0]}, 'points must be (K, 2)'),
    ('segment', {'mode': 'points', 'frame_indices': [0], 'points': np.zeros((0, 2))}, '(K, 2)'),
    ('segment', {'mode': 'points', 'frame_indices': [0], 'points': np.full((1, 2), np.nan)},
     'finite'),
    ('segment', {'mode': 'points', 'frame_indices': [0], 'points': np.array([[500.0, 5.0]])},
     'outside the 64x48 image'),
    ('segment', {'mode': 'points', 'frame_indices': [0], 'points': POINT,
                 'point_labels': np.array([3])}, '1 for inside'),
    ('segment', {'mode': 'points', 'frame_indices': [0], 'points': POINT,
                 'point_labels': np.array([0])}, 'at least one point'),
    ('segment', {'mode': 'points', 'frame_indices': [0], 'points': POINT, 'prompt_frame': 2},
     None),
    ('segment', {'mode': 'box', 'frame_indices': [0], 'boxes': np.array([[9.0, 9, 2, 2]])},
     'no area'),
    ('segment', {'mode': 'box', 'frame_indices': [0], 'boxes': np.array([[0.1, 0.1, 0.4, 0.3]])},
     'normalized_to_pixel'),
    ('segment', {'mode': 'text', 'prompts': ['a'], 'image': np.zeros((5, 5))}, 'uint8 RGB'),
    ('exists', {'frame_indices': [0]}, 'object_name must be a text'),
    ('fly', {}, 'has no tool'),
])
def test_bad_calls_teach(ask: Ask, tool: str, values: dict, words: str | None) -> None:
    result = ask(SMALL, tool, **values)
    if words is None:
        assert result.error is None
    else:
        assert result.error is not None
        assert words in result.error
        assert len(result.error) < 400


@pytest.mark.parametrize('prompt', ['mug', '🙂', 'purple', 'table', 'wall', "'; DROP", 'a' * 200])
def test_any_text_on_an_empty_picture(ask: Ask, prompt: str) -> None:
    result = ask(SMALL, 'segment', mode='text', frame_indices=[0, 1, 2], prompts=[prompt])
    assert result.error is None
    assert result.arrays['masks_0'].shape == (0, 48, 64)
    assert result.arrays['scores'].shape == (3, 0)
    assert result.values['notes']


def test_order_of_frames_is_kept(ask: Ask) -> None:
    result = ask(SMALL, 'segment', mode='text', frame_indices=[2, 0], prompts=['gray'])
    assert [name for name in result.arrays if name.startswith('masks')] == ['masks_2', 'masks_0']


@pytest.mark.parametrize('seed', range(6))
def test_noise_never_breaks_it(ask: Ask, seed: int) -> None:
    from spatialclaw_ros.geometry.camera import PinholeCamera
    random = np.random.default_rng(seed)
    depth = random.choice([0.3, 1.0, 5.0, np.nan, np.inf, 0, 65.535], (48, 64)).astype(np.float32)
    noise = Observation((Frame(
        0, 'c', 0, 'o', random.integers(0, 256, (48, 64, 3)).astype(np.uint8), depth,
        PinholeCamera(64, 48, 50.0, 50.0, 31.5, 23.5), np.eye(4)),))
    for prompt in ('objects', 'red box on the table', 'white cup', 'floor', 'wall', 'chair'):
        assert ask(noise, 'segment', mode='text', frame_indices=[0], prompts=[prompt]).error is None
    assert ask(noise, 'segment', mode='box', frame_indices=[0],
               boxes=np.array([[3.0, 3.0, 60.0, 40.0]])).error is None
    assert ask(noise, 'reconstruct', frame_indices=[0]).error is None


def test_deadline_passes_through() -> None:
    tools = make_perception(ocr='none')
    call = ToolCall('segment', {'mode': 'text', 'frame_indices': [0], 'prompts': ['mug']})
    with pytest.raises(DeadlineExceededError):
        tools.handle(SMALL, call, Deadline(0))
    canceled = Deadline()
    canceled.cancel()
    with pytest.raises(CanceledError):
        tools.handle(SMALL, call, canceled)


def test_reads_text(ask: Ask) -> None:
    pytest.importorskip('rapidocr_onnxruntime')
    image = np.full((120, 420, 3), 245, np.uint8)
    cv2.putText(image, 'ROBOT 42', (30, 80), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (20, 20, 20), 4)
    lines = ask(SMALL, 'ocr', image=image).values['lines']
    assert ''.join(line['text'] for line in lines).replace(' ', '') == 'ROBOT42'
    assert lines[0]['score'] > 0.5
    assert np.array(lines[0]['box']).shape == (4, 2)
