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

"""Feedback is bounded, complete, and tells what is left."""

from __future__ import annotations

import numpy as np

from spatialclaw_ros.agent.feedback import bounded, feedback_text
from spatialclaw_ros.workspace.cell import CellError, CellResult, ShownImage, VariableSummary


def test_head_and_tail_of_long_output_are_kept() -> None:
    text = bounded('a' * 9000 + 'the end', head=100, tail=50)
    assert text.startswith('a' * 100)
    assert text.endswith('the end')
    assert '8857 characters left out' in text


def test_everything_a_cell_gave_back_is_in_it() -> None:
    result = CellResult(
        stdout='hello\n', error=CellError('ValueError', 'bad shape', 3, 'line 3: x[1]'),
        variables=(VariableSummary('x', 'ndarray', '(3,) float64', 24),),
        images=(ShownImage('mask', np.zeros((2, 2, 3), np.uint8)),), restarted=True)
    text = feedback_text(result, 'Left: 4 steps, 12 s.')
    for part in ('hello', '(line 3): ValueError: bad shape', 'x: ndarray (3,) float64',
                 'Images shown: mask', 'kernel was replaced', 'Left: 4 steps, 12 s'):
        assert part in text


def test_a_silent_cell_is_told_and_the_budget_comes_last() -> None:
    text = feedback_text(CellResult(), 'Left: 1 step.')
    assert text == 'The cell ran and printed nothing.\n\nLeft: 1 step.'
