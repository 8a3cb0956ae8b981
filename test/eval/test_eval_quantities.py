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

from spatialclaw_ros.eval.quantities import read_number
from spatialclaw_ros.eval.units import convert


@pytest.mark.parametrize(('text', 'unit', 'expected'), [
    ('about 41 cm', 'm', 0.41),
    ('0.412 m', 'm', 0.412),
    ('it is 0.41m.', 'm', 0.41),
    ('0.41', 'm', 0.41),                           # a bare number is one of the unit asked for
    ('forty-one centimetres', 'm', 0.41),
    ('one hundred and twenty mm', 'm', 0.12),
    ('zero point four one metres', 'm', 0.41),
    ('half a metre', 'm', 0.5),
    ('twelve inches', 'm', 0.3048),
    ('5 ft 3 in.', 'm', 1.6002),
    ('1 m 20 cm', 'm', 1.2),
    ('1,200 mm', 'm', 1.2),
    ('3e-1 m', 'm', 0.3),
    ('−0.3 m', 'm', -0.3),
    ('0.41 meters', 'cm', 41.0),
    ('0.41 ± 0.02 m', 'm', 0.41),
    ('41 cm (16 inches)', 'm', 0.41),
    ('(0.41 m)', 'm', 0.41),
    ('41 cm, i.e. 0.41 m', 'm', 0.41),
    ('box 2 is 0.41 m away', 'm', 0.41),           # a bare number beside one with a unit
    ('0.4 in front', 'm', 0.4),
    ('30-40 cm', 'm', None),
    ('between 30 and 40 cm', 'm', None),
    ('2 m to 3 m', 'm', None),
    ('0.8 m high and 0.4 m away', 'm', None),
    ('30 deg', 'm', None),
    ('30°', 'rad', math.pi / 6),
    ('90 degrees', 'rad', math.pi / 2),
    ('3.6 km/h', 'm/s', 1.0),
    ('0.5 metres per second', 'm/s', 0.5),
    ('2 m²', 'm2', 2.0),
    ('50 square centimetres', 'm2', 0.005),
    ('2 litres', 'm3', 0.002),
    ('2 min', 's', 120.0),
    ('three', '', 3.0),
    ('There are 3 mugs.', '', 3.0),
    ('a dozen', '', 12.0),
    ('none', '', 0.0),
    ('someone', '', None),
    ('0.3 m', '', None),
    ('one of two', '', None),
    ('x2 is', '', None),
    ('', 'm', None),
    ('2 furlongs', 'furlong', None),
    ('about 3', 'm', 3.0),
    ('16 in', 'm', 0.4064),
    ('16 in wide', 'm', 0.4064),
    ('5 miles', 'm', 8046.72),
    ('1 m and 20 cm', 'm', 1.2),
    ('two and a half metres', 'm', 2.5),
    ('minus two metres', 'm', -2.0),
    ('41 ± 2 mm', 'm', 0.041),
    ('0.41 m ± 2 cm', 'm', 0.41),
    ('１.５ m', 'm', 1.5),                          # digits of any script
    ('0.41 m', 'm', 0.41),                    # blanks of any width
    ('**41** cm', 'm', 0.41),
    (r'\boxed{41\,\text{cm}}', 'm', 0.41),
    (r'$90^{\circ}$', 'rad', math.pi / 2),
    ('"0.41"', 'm', 0.41),
    ('1-2 m', 'm', None),
    ('1 – 2 m', 'm', None),
    ('1..2 m', 'm', None),
    ('2 x 3 m', 'm', None),
    ('less than 2 m', 'm', None),
    ('> 2 m', 'm', None),
    ('1,5 m', 'm', None),                          # a comma for a point, or for thousands?
    ('1/2 m', 'm', None),
    ('1½ m', 'm', None),
    ('1 500 m', 'm', None),
    ('2.5.3 m', 'm', None),
    ('1e999 m', 'm', None),
    ('9' * 400, 'm', None),
    ('3 x 10^-2 m', 'm', None),
    ('3×10⁻² m', 'm', None),
    ('2 thousand', 'm', None),
    ('1 m and a half', 'm', None),
    ('three quarters of a metre', 'm', None),
    ("5' 3\"", 'm', None),
    ('1.5foo', 'm', None),                         # and not 1
    ('50 %', 'm', None),
    ('50 %', '', None),
    ('80 % sure it is 0.4 m', 'm', 0.4),
    ('none', 'm', None),
    ('a pair of scissors', 'm', None),
    ('the distance in cm is 41', 'm', None),       # whatever the unit, not 41 m
    ('the distance in m is 41', 'm', 41.0),
    ('1 m/s2', 'm', None),
    ('3 kg', 'm', None),
    ('30°C', 'rad', None),
    ('one two', '', None),
    ('100, 101', '', None),
    ('no one', '', 0.0),
    ('two hundred and five', '', 205.0),
])
def test_the_one_number_of_a_text(text: str, unit: str, expected: float | None) -> None:
    read = read_number(text, unit)
    assert read == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(('value', 'unit', 'wanted', 'expected'), [
    (41.0, 'cm', 'm', 0.41),
    (180.0, 'deg', 'rad', math.pi),
    (1.0, 'm²', 'm2', 1.0),
    (1.0, '', 'm', None),
    (1.0, 'm', 's', None),
    (1.0, 'furlong', 'furlong', 1.0),
    (1.0, 'furlong', 'm', None),
    (50.0, '%', 'm', None),
])
def test_convert(value: float, unit: str, wanted: str, expected: float | None) -> None:
    got = convert(value, unit, wanted)
    assert got == (expected if expected is None else pytest.approx(expected))
