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

import pytest

from spatialclaw_ros.eval.extract import moves
from spatialclaw_ros.eval.metrics import OSI_TAU, mra, mra_vadar, mra_zero_aware, vci


@pytest.mark.parametrize(('p', 't', 'expected'), [
    (1.0, 1.0, 1.0),
    (1.05, 1.0, 1.0),       # the border itself is in
    (0.95, 1.0, 1.0),
    (1.0501, 1.0, 0.9),
    (8.5, 10.0, 0.8),       # 0.15: eight of ten limits are at least that
    (1.5, 1.0, 0.1),
    (1.51, 1.0, 0.0),
    (0.0, 1.0, 0.0),
    (-1.0, 1.0, 0.0),
    (3.0, 4.0, 0.6),        # 0.25
    (13.0, 20.0, 0.4),      # 0.35
    (-2.1, -2.0, 1.0),
    (None, 1.0, 0.0),
    (math.nan, 1.0, 0.0),
    (math.inf, 1.0, 0.0),
    (1e-9, 1e-9, 1.0),
])
def test_mra_counts_ten_levels(p: float | None, t: float, expected: float) -> None:
    assert mra(p, t) == pytest.approx(expected)


@pytest.mark.parametrize(('p', 'zero', 'expected'), [
    (0.0, 'zero', 0.0),
    (0.0, 'exact', 1.0),
    (0.01, 'exact', 0.0),
    (0.0, 'absolute', 1.0),
    (0.05, 'absolute', 1.0),
    (0.3, 'absolute', 0.5),
    (0.6, 'absolute', 0.0),
])
def test_mra_of_a_reference_of_zero(p: float, zero: str, expected: float) -> None:
    assert mra(p, 0.0, zero=zero) == pytest.approx(expected)  # type: ignore[arg-type]


def test_mra_signed_takes_anything_below_zero() -> None:
    assert mra(50.0, -2.0, signed=True) == 1.0
    assert mra(50.0, -2.0) == 0.0
    assert mra(1.5, 1.0, signed=True) == pytest.approx(0.1)


@pytest.mark.parametrize(('p', 't', 'expected'), [
    (1.0, 1.0, 1.0),
    (1.05, 1.0, 0.9),       # at the limit is not below it
    (0.9, 1.0, 0.8),
    (1.0999, 1.0, 0.9),
    (1.5, 1.0, 0.0),
    (0.0, 0.0, 1.0),
    (0.04, 0.0, 1.0),
    (0.05, 0.0, 0.9),
    (-0.2, 0.0, 0.6),
    (None, 2.0, 0.0),
])
def test_mra_as_vadar_has_it(p: float | None, t: float, expected: float) -> None:
    assert mra_vadar(p, t) == pytest.approx(expected)


@pytest.mark.parametrize(('p', 't', 'category', 'expected'), [
    (0.0, 0.0, 'absolute_speed', 1.0),
    (0.29, 0.0, 'absolute_speed', 1.0),
    (0.30, 0.0, 'absolute_displacement', 1.0),   # not below, yet no error against 0.30
    (0.36, 0.0, 'absolute_speed', 0.7),
    (1.99, 0.0, 'trajectory_length', 1.0),
    (2.5, 0.0, 'trajectory_length', 0.6),
    (5.0, 0.0, 'trajectory_length', 0.0),
    (1.1, 1.0, 'trajectory_length', 0.9),
    (0.0, 1.0, 'absolute_speed', 0.0),
    (None, 0.0, 'absolute_speed', 0.0),
])
def test_mra_of_what_may_be_at_rest(
    p: float | None, t: float, category: str, expected: float,
) -> None:
    assert mra_zero_aware(p, t, OSI_TAU[category]) == pytest.approx(expected)


@pytest.mark.parametrize(('said', 'truth', 'expected'), [
    ('move_right:1, turn_up:20', 'move_right:1, turn_up:20', 1.0),
    ('move_left:-1', 'move_right:1', 1.0),               # the opposite, negative
    ('move_left:1', 'move_right:1', 0.8),                # four axes of zero are right
    ('', 'move_right:1, move_down:2, turn_left:3', 0.4),
    ('', 'move_right:1, move_up:1, move_forward:1, turn_left:1, turn_up:1', 0.0),
    ('move_backward:0.55', 'move_backward:0.5', (0.9 + 4) / 5),
    ('move_up:0.2', 'move_right:1', (0 + 0.7 + 3) / 5),  # zero reference: the error itself
    ('no idea', 'turn_left:30', 0.8),
])
def test_view_change(said: str, truth: str, expected: float) -> None:
    assert vci(moves(said), moves(truth)) == pytest.approx(expected)
