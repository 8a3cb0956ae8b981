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


"""`ReturnAnswer` takes what an answer can be, and teaches what it can't."""

from __future__ import annotations

import math

import numpy as np
import pytest
from analytic_scene import make_scene


@pytest.mark.parametrize(('value', 'expected', 'kind'), [
    ('"left"', 'left', str), ('" two words "', 'two words', str), ('3', 3.0, float),
    ('0.25', 0.25, float), ('True', True, bool), ('np.bool_(False)', False, bool),
    ('np.float32(0.5)', 0.5, float), ('np.int64(4)', 4.0, float), ('np.array([2.5])', 2.5, float),
    ('np.array(True)', True, bool),
])
def test_scalars_and_texts(cell, value: str, expected, kind: type) -> None:
    cell.run(f'ReturnAnswer({value})')
    (answer,) = cell.answers
    assert type(answer.value) is kind
    assert answer.value == expected
    assert math.isnan(answer.sigma)
    assert answer.unit is None


def test_vectors_and_evidence(new_cell) -> None:
    cell = new_cell(make_scene(transforms={'base_link': np.tile(np.eye(4), (4, 1, 1))}))
    cell.run('ReturnAnswer((1, 2, 3), unit="m", points=[(0, 0, 0), (1, 2, 3)], frame="base_link", '
             'sigma=np.float32(0.01))')
    (answer,) = cell.answers
    assert answer.value.dtype == np.float64
    assert answer.value.tolist() == [1, 2, 3]
    assert answer.points.shape == (2, 3)
    assert (answer.unit, answer.frame) == ('m', 'base_link')
    assert answer.sigma == pytest.approx(0.01)
    cell.run('ReturnAnswer(np.array([[1, 2, 3.0]]), points=(1, 2, 3), frame="odom")')
    assert cell.answers[-1].frame is None
    assert cell.answers[-1].points.shape == (1, 3)


def test_refusal(cell) -> None:
    cell.run('ReturnAnswer(None, reason="no mug is seen")')
    assert cell.answers[0].value is None
    assert cell.answers[0].reason == 'no mug is seen'


@pytest.mark.parametrize(('call', 'error', 'message'), [
    ('ReturnAnswer(None)', ValueError, 'needs reason'),
    ('ReturnAnswer(float("nan"))', ValueError, 'no depth'),
    ('ReturnAnswer(np.inf)', ValueError, 'the answer is inf'),
    ('ReturnAnswer((0, np.nan, 1))', ValueError, 'has NaN'),
    ('ReturnAnswer((1, 2))', ValueError, 'three numbers'),
    ('ReturnAnswer(["a", "b", "c"])', TypeError, 'join texts'),
    ('ReturnAnswer("  ")', ValueError, 'empty text'),
    ('ReturnAnswer("x" * 5000)', ValueError, '5000 characters'),
    ('ReturnAnswer({"a": 1})', TypeError, 'got dict'),
    ('ReturnAnswer(1j)', TypeError, 'got complex'),
    ('ReturnAnswer(tools.Geometry.closest_points((0, 0, 0), (1, 1, 1)))', TypeError, '.distance'),
    ('ReturnAnswer(1, points=[(0, 0)])', ValueError, r'\(K, 3\)'),
    ('ReturnAnswer(1, points=np.empty((0, 3)))', ValueError, r'\(K, 3\)'),
    ('ReturnAnswer(1, points=[(0, 0, np.nan)])', ValueError, 'finite'),
    ('ReturnAnswer((1, 2, 3), frame="front_optcal")', ValueError, "did you mean 'front_optical'"),
    ('ReturnAnswer((1, 2, 3), frame="base_link")', ValueError, 'not known at any image'),
    ('ReturnAnswer(1, sigma=-1)', ValueError, 'sigma must be'),
    ('ReturnAnswer(1, sigma="1 cm")', TypeError, 'sigma must be'),
    ('ReturnAnswer(1, unit=3)', TypeError, 'unit must be'),
    ('ReturnAnswer(41, unit="cm")', ValueError, r"value \* 0.01 with unit='m'"),
    ('ReturnAnswer(90, unit="Degrees")', ValueError, r"math.pi / 180 with unit='rad'"),
])
def test_what_is_no_answer_teaches(cell, call: str, error, message: str) -> None:
    with pytest.raises(error, match=message):
        cell.run(call)
    assert not cell.answers


@pytest.mark.parametrize(('given', 'unit'), [
    ('"m"', 'm'), ('" metres "', 'm'), ('"radians"', 'rad'), ('"m/s"', 'm/s'), ('""', None)])
def test_units_have_their_si_symbol(cell, given: str, unit: str | None) -> None:
    cell.run(f'ReturnAnswer(1.0, unit={given})')
    assert cell.answers[0].unit == unit
