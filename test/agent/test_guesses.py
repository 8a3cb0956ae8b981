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

"""What is likely to be asked: nouns of the question, calls as the cells' own tools make them."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.agent.ahead import key_of
from spatialclaw_ros.agent.guesses import MAX_NOUNS, likely_calls, noun_phrases
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

ALL = {'reconstruct', 'segment'}


@pytest.mark.parametrize(('text', 'expected'), [
    ('How far is the red mug from the edge of the table?', ['red mug', 'table']),
    ('Which is closer to the robot: the blue block or the green box?',
     ['blue block', 'green box']),
    ('How many books are on the shelf?', ['book', 'shelf']),
    ('Is the person wearing a hat facing the white board? Answer yes or no.',
     ['person', 'hat', 'white board']),
    ('How far is your camera from the door?', ['door']),
    ('How big is the room?', []),
    ('', []),
    ('mug ' * 200, []),
    ('the ant, the bee, the cow, the dog, the elk, the fox', ['ant', 'bee', 'cow', 'dog']),
])
def test_nouns_of_a_question(text, expected) -> None:
    assert noun_phrases(text) == expected
    assert len(expected) <= MAX_NOUNS


def observation_of(count: int) -> Observation:
    image = np.zeros((8, 8, 3), np.uint8)
    return Observation(
        tuple(Frame(i, 'front', i, 'front_optical', image) for i in range(count)))


@pytest.mark.parametrize(('frames', 'capabilities', 'tools'), [
    (3, ALL, ['reconstruct'] + ['segment'] * 7),
    (1, ALL, ['reconstruct'] + ['segment'] * 2),
    (3, {'segment'}, ['segment'] * 7),
    (3, {'reconstruct', 'vlm'}, ['reconstruct']),
    (3, set(), []),
])
def test_calls_fit_what_is_there(frames, capabilities, tools) -> None:
    calls = likely_calls('How far is the mug from the table?', observation_of(frames),
                         capabilities)
    assert [call.tool for call in calls] == tools
    assert len({key_of(call) for call in calls}) == len(calls)


CELL = """
def attempt(use, *args):
    try:
        use(*args)
    except Exception as error:
        print(error)
attempt(tools.Reconstruct.Reconstruct, InputImages)
attempt(tools.SAM3.segment_image_by_text, InputImages[0], 'mug')
attempt(tools.SAM3.segment_image_by_text, InputImages[-1], 'table')
attempt(tools.SAM3, InputImages[0], 'table')
attempt(tools.SAM3.segment_video_by_text, 'mug')
attempt(tools.SAM3.segment_video_by_text, ['mug', 'table'])
"""


def test_a_cells_own_calls_are_among_them() -> None:
    observation, asked = observation_of(3), []

    def note(call: ToolCall) -> ToolResult:
        asked.append(key_of(call))
        return ToolResult(error='noted')

    with Kernel() as kernel, kernel.open(observation, note) as session:
        result = session.run(CELL)
    assert result.stdout == 'noted\n' * 6
    likely = {key_of(call) for call in likely_calls(
        'How far is the mug from the table?', observation, ALL)}
    assert set(asked) <= likely
    assert len(set(asked)) == 6
