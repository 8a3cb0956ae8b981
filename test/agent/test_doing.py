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


"""What a query is busy with, while it lasts."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.agent import Session
from spatialclaw_ros.agent.doing import MAX_CHARS, Doing, call_text
from spatialclaw_ros.backbone.recorded import RecordedBackbone, Script
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question

CELL = """Purpose: find it
Reasoning: r
Next goal: g
```python
tools.SAM3.segment_image_by_text(InputImages[0], 'red mug')
ReturnAnswer(1.0)
```"""


@pytest.mark.parametrize(('tool', 'args', 'text'), [
    ('reconstruct', {'frame_indices': [0, 3, 4]}, 'reconstructs 3 images'),
    ('segment', {'prompts': ['red mug', 'box'], 'frame_indices': [2]},
     'looks for red mug, box in an image'),
    ('segment', {'mode': 'box', 'frame_indices': []}, 'looks for what was pointed at in an image'),
    ('exists', {'object_name': 'a\nmug', 'frame_indices': [0, 1]}, 'looks for a mug in 2 images'),
    ('ocr', {}, 'reads the text in an image'),
    ('vlm', {'question': 'which?', 'frame_indices': [0, 1]},
     'asks the model about 2 images: which?'),
    ('steal', {}, 'calls a tool'),
    ('segment', {'prompts': {'a': 1}, 'frame_indices': 'many'},
     'looks for what was pointed at in an image'),
    ('segment', {'prompts': ['{things}', 7, ''], 'frame_indices': [0]},
     'looks for {things}, , in an image'),
])
def test_a_call_in_one_line(tool, args, text):
    assert call_text(ToolCall(tool, args)) == text


def test_a_long_prompt_is_cut():
    text = call_text(ToolCall('segment', {'prompts': ['x' * 10 ** 6] * 9}))
    assert len(text) < MAX_CHARS + 40


def test_what_went_on_before_goes_on_after_a_call():
    doing = Doing()
    with doing.working('run', 'runs: find it', 2):
        before = doing.now
        with doing.answering(ToolCall('ocr')):
            assert (doing.now.stage, doing.now.step) == ('run', 2)
        assert doing.now is before
    assert doing.now is None


def test_a_session_tells_while_it_lasts():
    seen = []

    class Watched(RecordedBackbone):
        def plan(self, *given):
            seen.append(session.doing)
            return super().plan(*given)

        def write(self, *given):
            seen.append(session.doing)
            return super().write(*given)

    class Looking:
        def __init__(self) -> None:
            self._real = make_perception()

        def __getattr__(self, name):
            return getattr(self._real, name)

        def handle(self, *given):
            seen.append(session.doing)
            return self._real.handle(*given)

    image = np.full((40, 60, 3), (200, 20, 20), np.uint8)
    with Kernel() as kernel:
        session = Session(
            backbone=Watched(Script([CELL])), kernel=kernel, perception=Looking())
        list(session.run(Observation((Frame(0, 'front', 1, 'optical', image),)),
                         Question('Is there a red mug?'), Deadline(30.0), 'q1'))
    assert [(each.stage, each.step, each.text) for each in seen] == [
        ('plan', 0, 'recorded makes a plan'), ('write', 1, 'recorded writes'),
        ('run', 1, 'looks for red mug in an image')]
    assert session.doing is None
