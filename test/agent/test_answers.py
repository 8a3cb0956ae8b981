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

"""Answers are held to the type that was asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spatialclaw_ros.agent.answers import AnswerMismatchError, choice_letters, fit_answer
from spatialclaw_ros.workspace.question import AnswerType, CellAnswer, Question

CHOICES = ('the gray box', 'the magazine')
POINT = np.array([0.1, -0.2, 0.3])


@pytest.mark.parametrize(('wanted', 'value', 'unit', 'kind', 'text'), [
    (AnswerType.ANY, 0.41234, 'm', AnswerType.NUMBER, '0.412 m'),
    (AnswerType.ANY, 3.0, None, AnswerType.NUMBER, '3'),
    (AnswerType.ANY, math.pi / 2, 'rad', AnswerType.NUMBER, '1.571 rad (90.0°)'),
    (AnswerType.ANY, True, None, AnswerType.BOOLEAN, 'yes'),
    (AnswerType.ANY, 'left', None, AnswerType.TEXT, 'left'),
    (AnswerType.ANY, POINT, 'm', AnswerType.POINT, '(0.100, -0.200, 0.300) m'),
    (AnswerType.BOOLEAN, 'No', None, AnswerType.BOOLEAN, 'no'),
    (AnswerType.NUMBER, 2, None, AnswerType.NUMBER, '2'),
    (AnswerType.TEXT, 'left', None, AnswerType.TEXT, 'left'),
    (AnswerType.TEXT, 0.3, None, AnswerType.TEXT, '0.3'),
    (AnswerType.TEXT, 3.0, None, AnswerType.TEXT, '3'),
    (AnswerType.TEXT, 4.1e-05, None, AnswerType.TEXT, '0.000041'),
    (AnswerType.TEXT, 0.41234, 'm', AnswerType.TEXT, '0.41234 m'),
    (AnswerType.TEXT, True, None, AnswerType.TEXT, 'yes'),
    (AnswerType.TEXT, False, None, AnswerType.TEXT, 'no'),
])
def test_a_fitting_answer(wanted, value, unit, kind, text) -> None:
    typed = fit_answer(Question('q?', wanted), CellAnswer(value, unit))
    assert typed.answer_type == kind
    assert typed.text == text
    assert typed.choice == -1


@pytest.mark.parametrize(('value', 'choice'), [
    ('the gray box', 0), ('The Magazine ', 1), ('B', 1), ('(a)', 0), ('b.', 1),
    ('B) the magazine', 1), ('(A) The gray box', 0), ('a: the gray box', 0)])
def test_a_choice_is_named_by_text_or_letter(value, choice) -> None:
    for wanted in (AnswerType.CHOICE, AnswerType.ANY):
        typed = fit_answer(Question('which?', wanted, CHOICES), CellAnswer(value))
        assert (typed.choice, typed.value) == (choice, CHOICES[choice])


@pytest.mark.parametrize(('wanted', 'value'), [
    (AnswerType.NUMBER, 'far'), (AnswerType.NUMBER, True), (AnswerType.NUMBER, POINT),
    (AnswerType.BOOLEAN, 1.0), (AnswerType.BOOLEAN, 'perhaps'),
    (AnswerType.POINT, 0.3), (AnswerType.TEXT, POINT),
    (AnswerType.CHOICE, 'the mug'), (AnswerType.CHOICE, 'c'), (AnswerType.CHOICE, 0.1),
    (AnswerType.CHOICE, 'A) the magazine'), (AnswerType.CHOICE, 'a or b'),
    (AnswerType.NUMBER, math.nan), (AnswerType.NUMBER, math.inf), (AnswerType.ANY, math.nan),
    (AnswerType.POINT, np.array([0.0, math.nan, 0.0])), (AnswerType.POINT, np.zeros(2)),
    (AnswerType.TEXT, ' '), (AnswerType.TEXT, math.nan),
])
def test_an_answer_that_does_not_fit_goes_back(wanted, value) -> None:
    choices = CHOICES if wanted == AnswerType.CHOICE else ()
    with pytest.raises(AnswerMismatchError, match=r'the answer was'):
        fit_answer(Question('q?', wanted, choices), CellAnswer(value))


@pytest.mark.parametrize('given', ['A', 'b'])
def test_a_letter_that_is_also_another_choice_is_asked_again(given: str) -> None:
    question = Question('which?', AnswerType.CHOICE, ('B', 'A'))
    with pytest.raises(AnswerMismatchError, match='give letter and text together'):
        fit_answer(question, CellAnswer(given))
    for unambiguous in ('A) B', '(A)'):
        assert fit_answer(question, CellAnswer(unambiguous)).choice == 0
    assert fit_answer(question, CellAnswer('B) A')).choice == 1


def test_equal_texts_are_told_apart_by_their_letters() -> None:
    question = Question('which?', AnswerType.CHOICE, ('mug', 'Mug', 'box'))
    with pytest.raises(AnswerMismatchError, match="'A\\) mug', 'B\\) Mug'"):
        fit_answer(question, CellAnswer('mug'))
    assert fit_answer(question, CellAnswer('B')).choice == 1
    assert fit_answer(question, CellAnswer('A) mug')).choice == 0


def test_choices_beyond_z_have_two_letters() -> None:
    assert choice_letters(28)[25:] == ['Z', 'AA', 'AB']
    question = Question('which?', AnswerType.CHOICE, tuple(f'thing {i}' for i in range(64)))
    assert fit_answer(question, CellAnswer('ab')).choice == 27


def test_yes_and_no_as_choices_take_a_boolean() -> None:
    question = Question('is it?', AnswerType.CHOICE, ('Yes', 'No'))
    assert fit_answer(question, CellAnswer(False)).choice == 1


def test_a_complaint_is_of_bounded_length() -> None:
    with pytest.raises(AnswerMismatchError) as caught:
        fit_answer(Question('q?', AnswerType.NUMBER), CellAnswer('x' * 4000))
    assert len(str(caught.value)) < 400
