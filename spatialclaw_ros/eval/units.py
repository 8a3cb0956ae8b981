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


"""Names of units, and what they are in SI: metres, radians, seconds, and what is made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from spatialclaw_ros.backbone.rules.lexicon import UNITS_M, UNITS_RAD

_LENGTHS = {
    **UNITS_M, 'mile': 1609.344, 'miles': 1609.344, 'mi': 1609.344, 'yd': 0.9144, 'µm': 1e-6,
    'μm': 1e-6, 'um': 1e-6, 'micrometre': 1e-6, 'micrometres': 1e-6, 'micrometer': 1e-6,
    'micrometers': 1e-6}
_SECONDS = {
    's': 1.0, 'sec': 1.0, 'secs': 1.0, 'second': 1.0, 'seconds': 1.0, 'ms': 0.001, 'min': 60.0,
    'mins': 60.0, 'minute': 60.0, 'minutes': 60.0, 'h': 3600.0, 'hr': 3600.0, 'hrs': 3600.0,
    'hour': 3600.0, 'hours': 3600.0}
_SPEEDS = {
    f'{name}{per}': factor / seconds
    for name, factor in _LENGTHS.items() if name not in ('inch', 'inches')
    for pers, seconds in (
        (('/s', '/sec', '/second', ' per second', ' a second'), 1.0),
        (('/min', '/minute', ' per minute', ' a minute'), 60.0),
        (('/h', '/hr', '/hour', ' per hour', ' an hour'), 3600.0))
    for per in pers}
_POWERS = {
    power: {f'{name}{mark}': factor ** power
            for name, factor in _LENGTHS.items() for mark in marks} |
           {f'{word} {name}': factor ** power
            for name, factor in _LENGTHS.items() for word in words}
    for power, marks, words in (
        (2, ('²', '^2', '2'), ('square', 'sq', 'sq.')), (3, ('³', '^3', '3'), ('cubic', 'cu')))}
# SI unit to the names of it and of its like, each with its factor.
UNITS: Mapping[str, Mapping[str, float]] = {
    'm': _LENGTHS,
    'rad': UNITS_RAD,
    's': _SECONDS,
    'm/s': {**_SPEEDS, 'mph': 0.44704, 'kmh': 1 / 3.6, 'kph': 1 / 3.6},
    'rad/s': {f'{name}{per}': factor
              for name, factor in UNITS_RAD.items() for per in ('/s', ' per second')},
    'm2': _POWERS[2],
    'm3': {**_POWERS[3], 'l': 0.001, 'litre': 0.001, 'litres': 0.001, 'liter': 0.001,
           'liters': 0.001, 'ml': 1e-6},
}
_SAME = {'m²': 'm2', 'm^2': 'm2', 'm³': 'm3', 'm^3': 'm3'}
# Of other kinds: a number with one of these is no bare number.
OTHER = '?'
_OTHERS = ('%', 'percent', 'per cent', 'kg', 'g', 'lb', 'lbs', 'px', 'pixel', 'pixels', 'hz', 'fps')
FACTORS: Mapping[str, tuple[str, float]] = {
    **dict.fromkeys(_OTHERS, (OTHER, 1.0)),
    **{name: (si, factor) for si, names in UNITS.items() for name, factor in names.items()}}
# A pattern for any name.
ANY_UNIT = '|'.join(re.escape(name) for name in sorted(FACTORS, key=len, reverse=True))


def si_unit(unit: str) -> tuple[str, float] | None:
    """SI unit and factor of a unit's name; None for a name that is not known."""
    name = unit.strip()
    if not name:
        return '', 1.0
    name = _SAME.get(name, name)
    if name in UNITS:
        return name, 1.0
    found = FACTORS.get(name.lower())
    return None if found is None or found[0] == OTHER else found


def convert(value: float, unit: str, wanted: str) -> float | None:
    """A value in another unit; None when one is not a multiple of the other."""
    if unit == wanted:
        return value
    given, target = si_unit(unit), si_unit(wanted)
    if given is None or target is None or given[0] != target[0]:
        return None
    return value * given[1] / target[1]
