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

from spatialclaw_ros.agent.answers import AnswerMismatchError, fit_answer
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
])
def test_a_fitting_answer(wanted, value, unit, kind, text) -> None:
    typed = fit_answer(Question('q?', wanted), CellAnswer(value, unit))
    assert typed.answer_type == kind
    assert typed.text == text
    assert typed.choice == -1


@pytest.mark.parametrize(('value', 'choice'), [
    ('the gray box', 0), ('The Magazine ', 1), ('B', 1), ('(a)', 0)])
def test_a_choice_is_named_by_text_or_letter(value, choice) -> None:
    for wanted in (AnswerType.CHOICE, AnswerType.ANY):
        typed = fit_answer(Question('which?', wanted, CHOICES), CellAnswer(value))
        assert (typed.choice, typed.value) == (choice, CHOICES[choice])


@pytest.mark.parametrize(('wanted', 'value'), [
    (AnswerType.NUMBER, 'far'), (AnswerType.NUMBER, True), (AnswerType.NUMBER, POINT),
    (AnswerType.BOOLEAN, 1.0), (AnswerType.BOOLEAN, 'perhaps'),
    (AnswerType.POINT, 0.3), (AnswerType.TEXT, 0.3),
    (AnswerType.CHOICE, 'the mug'), (AnswerType.CHOICE, 'c'), (AnswerType.CHOICE, 0.1),
])
def test_an_answer_that_does_not_fit_goes_back(wanted, value) -> None:
    choices = CHOICES if wanted == AnswerType.CHOICE else ()
    with pytest.raises(AnswerMismatchError, match=r'ReturnAnswer got'):
        fit_answer(Question('q?', wanted, choices), CellAnswer(value))
