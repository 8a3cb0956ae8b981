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

"""To which tolerance a number is wanted: what may be one, and what is told within it."""

from __future__ import annotations

import math

import pytest

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.workspace.tolerance import Tolerance

GRASP = Tolerance(0.02, 0.03, 5.0)
ALONE = Tolerance(0.02, 0.0, 5.0)


@pytest.mark.parametrize(('fields', 'words'), [
    ({'length_m': 0.0}, 'more than 0 m'), ({'length_m': -0.1}, 'got -0.1 m'),
    ({'length_m': math.inf}, 'finite'), ({'length_m': math.nan}, 'got nan m'),
    ({'share': -0.01}, '0 or more'), ({'share': math.inf}, 'finite'),
    ({'share': math.nan}, 'got nan'), ({'angle_deg': 0.0}, 'at most 360 degrees'),
    ({'angle_deg': 361.0}, 'got 361'), ({'angle_deg': math.nan}, 'got nan'),
])
def test_what_is_no_tolerance_is_named(fields: dict[str, float], words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        Tolerance(**fields)


@pytest.mark.parametrize(('tolerance', 'sigma', 'unit', 'extent', 'told'), [
    (Tolerance(), 0.050, 'm', 0.4, True),  # a sigma of 5 cm or 10 %
    (Tolerance(), 0.051, 'm', 0.4, False),
    (Tolerance(), 0.099, 'm', 1.0, True),
    (Tolerance(), 0.101, 'm', 1.0, False),
    (GRASP, 0.010, 'm', 0.4, True),
    (GRASP, 0.011, 'm', 0.4, False),
    (GRASP, 0.029, 'm', 2.0, True),
    (GRASP, 0.031, 'm', 2.0, False),
    (ALONE, 0.011, 'm', 2.0, False),
    (GRASP, 0.011, 'm', 0.0, False),
    (GRASP, 0.0, 'm', 0.0, True),
    (GRASP, math.radians(2.49), 'rad', 0.0, True),
    (GRASP, math.radians(2.51), 'rad', 9.0, False),
    (GRASP, math.nan, 'm', 0.4, False),
    (GRASP, 5.0, 'm/s', 1.0, True),
    (GRASP, 5.0, '', 1.0, True),
])
def test_two_sigma_are_within_it(
    tolerance: Tolerance, sigma: float, unit: str, extent: float, told: bool,
) -> None:
    assert (not tolerance.objection('1 m', sigma, unit, extent)) is told


@pytest.mark.parametrize(('unit', 'sigma', 'extent', 'words'), [
    ('m', 0.0431, 0.412, ('about 0.412 m', 'a sigma of 0.0431 m', 'the 0.02 m that')),
    ('m', 0.0431, 2.0, ('a sigma of 0.0431 m', 'the 0.06 m, 3 % of it,')),
    ('rad', 0.1, 0.0, ('a sigma of 5.7 degrees', 'the 5 degrees that')),
    ('m', math.nan, 0.4, ('a sigma that is not known',)),
])
def test_the_reason_has_the_number_its_sigma_the_tolerance_and_what_helps(
    unit: str, sigma: float, extent: float, words: tuple[str, ...],
) -> None:
    reason = GRASP.objection('0.412 m', sigma, unit, extent)
    for part in (*words, 'would help', 'or a larger tolerance'):
        assert part in reason
