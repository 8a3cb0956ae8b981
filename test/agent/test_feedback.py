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
import pytest

from spatialclaw_ros.agent.budget import Sent
from spatialclaw_ros.agent.feedback import (
    MAX_FEEDBACK_CHARS,
    Repeats,
    bounded,
    fault_text,
    feedback_text,
)
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


@pytest.mark.parametrize(('result', 'parts'), [
    (CellResult(deleted=('a', 'b')), ['Deleted variables: a, b']),
    (CellResult(variables=(VariableSummary('x', 'ndarray', '(9, 9)', 5_000_000),)),
     ['x: ndarray (9, 9) (5.0 MB)']),
    (CellResult(error=CellError('GateError', 'line 1: no files', 1, 'line 1: open(x)')),
     ['Not run (line 1): GateError: line 1: no files', 'line 1: open(x)']),
    (CellResult(error=CellError('SyntaxError', 'invalid syntax')), ['Not run: SyntaxError']),
    (CellResult(error=CellError('Timeout', 'too long'), restarted=True),
     ['Error: Timeout: too long', 'The kernel was replaced']),
])
def test_what_happened_is_told(result: CellResult, parts: list[str]) -> None:
    text = feedback_text(result, 'Left: 1 step.')
    for part in parts:
        assert part in text


def test_what_is_wrong_with_an_answer_comes_first() -> None:
    text = feedback_text(CellResult(stdout='hello'), 'Left.', complaint='give a number')
    assert text.startswith('give a number')


def test_pictures_that_are_not_sent_are_named() -> None:
    images = tuple(ShownImage(label, np.zeros((2, 2, 3), np.uint8)) for label in ('a', 'b'))
    text = feedback_text(
        CellResult(images=images), 'Left.', sent=Sent(images[:1], 'Not sent: b'))
    assert 'Images shown: a\n\nNot sent: b' in text


def test_the_same_error_of_the_same_cell_is_noticed() -> None:
    repeats = Repeats()
    assert repeats.seen('x = y\n', 'NameError: y') == 0
    assert repeats.seen('x = y  ', 'NameError: y') == 1
    assert repeats.seen('x = z', 'NameError: y') == 0
    assert repeats.seen('x = y', 'NameError: z') == 0
    failed = CellResult(error=CellError('NameError', 'y'))
    assert 'running it again changes nothing' in feedback_text(failed, 'Left.', repeated=1)
    assert '2 times now' in feedback_text(failed, 'Left.', repeated=1)
    assert 'again' not in feedback_text(failed, 'Left.')
    assert 'This fault came 3 times now' in fault_text('empty', 'Left.', repeated=2)


def test_it_is_bounded_whatever_a_cell_put_out_and_the_budget_is_whole() -> None:
    everything = CellResult(
        stdout='o' * 100_000, error=CellError('E', 'm' * 100_000, 3, 't' * 100_000),
        variables=tuple(VariableSummary(f'v{i}', 'str', 't' * 300) for i in range(500)),
        images=tuple(
            ShownImage('l' * 500, np.zeros((1, 1, 3), np.uint8)) for _ in range(64)),
        deleted=tuple('d' * 100 for _ in range(200)))
    text = feedback_text(
        everything, 'Left: 1 step.', complaint='c' * 5000,
        sent=Sent(everything.images, 'n' * 50_000), repeated=3)
    assert len(text) <= MAX_FEEDBACK_CHARS
    assert text.endswith('\n\nLeft: 1 step.')
    assert 'characters left out' in text
    assert len(fault_text('f' * 100_000, 'Left: 1 step.')) < 3000
