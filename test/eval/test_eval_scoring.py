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


from __future__ import annotations

import math
from typing import Any

import pytest

from spatialclaw_ros.eval.records import Question, Said, Score
from spatialclaw_ros.eval.scoring import outcome, score_typed, tolerance

REFUSED = Said(status='REFUSED', message='no mug was found')
TIMEOUT = Said(status='TIMEOUT', message='60 s')


def asked(answer: Any = 'number', truth: Any = 1.0, **more: Any) -> Question:
    more.setdefault('unit', 'm' if answer in ('number', 'point') else '')
    return Question(id='q', text='?', media=(), answer=answer, truth=truth, **more)


def said(value: Any = None, **more: Any) -> Said:
    return Said(status='OK', value=value, **more)


@pytest.mark.parametrize(('question', 'what', 'right', 'error'), [
    (asked(truth=0.41), said(0.43, unit='m'), True, 0.02),
    (asked(truth=0.41), said(0.431, unit='m'), False, 0.021),
    (asked(truth=2.0), said(1.95, unit='m'), True, -0.05),       # 3 %
    (asked(truth=2.0), said(1.93, unit='m'), False, -0.07),
    (asked(truth=0.41), said(41.0, unit='cm'), True, 0.0),
    (asked(truth=0.41), said(0.41), True, 0.0),                  # no unit: the question's
    (asked(truth=0.41), said(0.41, unit='rad'), False, None),
    (asked(truth=0.41), said(math.nan, unit='m'), False, None),
    (asked(truth=0.41), said(True), False, None),
    (asked(truth=0.41), said('about 41 cm'), True, 0.0),
    (asked(truth=0.41), said(text='forty-one centimetres'), True, 0.0),
    (asked(truth=0.41), said(text='near'), False, None),
    (asked(truth=0.41, facts={'tolerance': 0.06}), said(0.46), True, 0.05),
    (asked(truth=41.0, unit='cm'), said(0.43, unit='m'), True, 2.0),
    (asked(truth=41.0, unit='cm'), said(0.44, unit='m'), False, 3.0),
    (asked(truth=0.5, unit='rad'), said(0.58, unit='rad'), True, 0.08),
    (asked(truth=0.5, unit='rad'), said(0.60, unit='rad'), False, 0.10),
    (asked(truth=3.12, unit='rad'), said(-3.14, unit='rad'), True, 2 * math.pi - 6.26),
    (asked(truth=0.2, unit='m2'), said(0.205, unit='m2'), True, 0.005),
    (asked(truth=0.2, unit='m2'), said(0.215, unit='m2'), False, 0.015),
    (asked('count', 3), said(3.0), True, 0.0),
    (asked('count', 3), said(4.0), False, 1.0),
    (asked('count', 3), said('three'), True, 0.0),
    (asked('point', (1.0, 0.0, 0.5)), said((1.0, 0.015, 0.5), unit='m'), True, 0.015),
    (asked('point', (1.0, 0.0, 0.5)), said((1.0, 0.03, 0.5), unit='m'), False, 0.03),
    (asked('point', (1.0, 0.0, 0.5), facts={'distance_m': 2.0}),
     said((1.0, 0.03, 0.5), unit='m'), True, 0.03),
    (asked('point', (1.0, 0.0, 0.5), frame='odom'),
     said((1.0, 0.0, 0.5), unit='m', frame='base_link'), False, None),
    (asked('point', (1.0, 0.0, 0.5)), said((1.0, 0.0)), False, None),
    (asked('point', (1.0, 0.0, 0.5)), said(1.0), False, None),
])
def test_numbers_and_points(
    question: Question, what: Said, right: bool, error: float | None,
) -> None:
    score = score_typed(question, what)
    assert score.right is right
    assert score.points == float(right)
    assert score.error == (error if error is None else pytest.approx(error, abs=1e-9))


OPTIONS = ('the red mug', 'the box', 'the red box')


@pytest.mark.parametrize(('question', 'what', 'right', 'read'), [
    (asked('yes_no', True), said(True), True, True),
    (asked('yes_no', True), said('Yes, it is.'), True, True),
    (asked('yes_no', False), said(text='no'), True, False),
    (asked('yes_no', False), said('false'), True, False),
    (asked('yes_no', False), said('`False`.'), True, False),
    (asked('yes_no', 'yes'), said(True), True, True),
    (asked('yes_no', True), said('yes and no'), False, None),
    (asked('yes_no', False), said('maybe'), False, None),        # not read is not "no"
    (asked('yes_no', True), said(1.0, text='1'), False, None),
    (asked('text', 'red mug', options=OPTIONS), said('Red mug'), True, 'the red mug'),
    (asked('text', 'the box', options=OPTIONS), said('red box'), False, 'the red box'),
    (asked('letter', 'C', options=OPTIONS), said('the red box'), True, 'the red box'),
    (asked('letter', 'C', options=OPTIONS), said('c)'), True, 'the red box'),
    (asked('letter', 'C', options=OPTIONS), said('C. the red box'), True, 'the red box'),
    (asked('letter', 'A', options=OPTIONS), said('It is the red mug.'), True, 'the red mug'),
    (asked('letter', 'B', options=OPTIONS), said('z'), False, 'z'),
    (asked('letter', 'C', options=OPTIONS), said('It is the red box.'), True, 'the red box'),
    (asked('letter', 'C', options=OPTIONS), said(r'\boxed{C}'), True, 'the red box'),
    (asked('letter', 'C', options=OPTIONS), said('**The answer is: C**'), True, 'the red box'),
    (asked('letter', 'A', options=OPTIONS), said("It isn't the red mug."), False,
     "It isn't the red mug."),
    (asked('letter', 'C', options=OPTIONS), said('The box, or the red box'), False,
     'The box, or the red box'),
    (asked('letter', 'C', options=OPTIONS), said('B. the red box'), False, 'B. the red box'),
    (asked('text', 'no', options=('yes', 'no')), said('No, it is not.'), True, 'no'),
    (asked('text', 'A. b', options=('A. b', 'C. d')), said('A. b'), True, 'A. b'),
    (asked('text', 'A', options=('A', 'B')), said('the'), False, 'the'),
    (asked('text', 'A', options=('A', 'B')), said('a'), True, 'A'),
    (asked('text', 'not visible', options=('visible', 'not visible')), said('It is not visible'),
     True, 'not visible'),
    (asked('text', 'café'), said('Cafe\u0301'), True, 'Cafe\u0301'),
    (asked('text', 'yes', options=('yes', 'no')), said(True), True, 'yes'),
    (asked('text', 'mug, box, ball'), said('the mug, the box and the ball'), True,
     'the mug, the box and the ball'),
    (asked('text', 'mug, box, ball'), said('box, mug, ball'), False, 'box, mug, ball'),
    (asked('text', 'left'), said(text=''), False, None),
    (asked('moves', 'move_right:1'), said(text='move_right:1'), True, 'move_right:1'),
    (asked('moves', 'move_right:1'), said(text='move_left:1'), False, 'move_left:1'),
])
def test_yes_no_options_and_texts(
    question: Question, what: Said, right: bool, read: object,
) -> None:
    score = score_typed(question, what)
    assert (score.right, score.read) == (right, read)


@pytest.mark.parametrize(('truth', 'what', 'right', 'expected'), [
    (1.0, said(1.0), True, 'right'),
    (1.0, said(2.0), False, 'wrong'),
    (1.0, REFUSED, False, 'refused_wrongly'),
    (1.0, TIMEOUT, False, 'failed'),
    (None, REFUSED, True, 'refused_rightly'),
    (None, said(1.0), False, 'wrong'),
    (None, TIMEOUT, False, 'failed'),
])
def test_refusals_are_apart(truth: object, what: Said, right: bool, expected: str) -> None:
    question = asked(truth=truth)
    score = score_typed(question, what)
    assert score.right is right
    assert score.points == float(right)
    assert outcome(question, what, score) == expected


def test_a_guessing_rule_does_not_make_a_refusal_right() -> None:
    assert outcome(asked('letter', 'A'), REFUSED, Score(points=1.0, right=True)) == (
        'refused_wrongly')


@pytest.mark.parametrize(('question', 'expected'), [
    (asked(truth=0.4), 0.02),
    (asked(truth=-2.0), 0.06),
    (asked(truth=40.0, unit='cm'), 2.0),
    (asked(truth=1.0, unit='m/s'), 0.03),
    (asked(truth=1.0, unit='deg'), 5.0),
    (asked(truth=2.0, unit=''), 0.06),
    (asked('count', 7), 0.0),
    (asked(truth=0.4, facts={'tolerance': 0.1}), 0.1),
])
def test_tolerance(question: Question, expected: float) -> None:
    assert tolerance(question) == pytest.approx(expected)
