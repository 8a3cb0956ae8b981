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

import pytest

from spatialclaw_ros.agent.doing import MAX_CHARS, Doing, call_text
from spatialclaw_ros.workspace.calls import ToolCall


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
