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


"""Numbers with units and number words in a text, in SI units: "about 41 cm" is 0.41 m.

A text that gives two different values of one kind, or a range, gives none: what it means is not for
the scoring to guess.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from spatialclaw_ros.backbone.rules.lexicon import UNITS_M, UNITS_RAD

_SECONDS = {'s': 1.0, 'sec': 1.0, 'second': 1.0, 'seconds': 1.0, 'ms': 0.001, 'min': 60.0,
            'minute': 60.0, 'minutes': 60.0, 'h': 3600.0, 'hour': 3600.0, 'hours': 3600.0}
_LONG = {name: factor for name, factor in UNITS_M.items() if name not in ('inch', 'inches')}
_POWERS = {
    power: {f'{name}{mark}': factor ** power
            for name, factor in UNITS_M.items() for mark in marks} |
           {f'{word} {name}': factor ** power for name, factor in UNITS_M.items()}
    for power, marks, word in ((2, ('²', '^2', '2'), 'square'), (3, ('³', '^3', '3'), 'cubic'))}
# SI unit to the names of it and of its like, each with its factor.
UNITS: Mapping[str, Mapping[str, float]] = {
    'm': UNITS_M,
    'rad': UNITS_RAD,
    's': _SECONDS,
    'm/s': {f'{name}{per}': factor / seconds
            for name, factor in _LONG.items()
            for per, seconds in (('/s', 1.0), (' per second', 1.0), ('/h', 3600.0),
                                 (' per hour', 3600.0))},
    'rad/s': {f'{name}{per}': factor
              for name, factor in UNITS_RAD.items() for per in ('/s', ' per second')},
    'm2': _POWERS[2],
    'm3': {**_POWERS[3], 'l': 0.001, 'litre': 0.001, 'litres': 0.001, 'liter': 0.001,
           'liters': 0.001, 'ml': 1e-6},
}
_SAME = {'m²': 'm2', 'm^2': 'm2', 'm³': 'm3', 'm^3': 'm3'}
_FACTORS = {name: (si, factor) for si, names in UNITS.items() for name, factor in names.items()}

_ONES = (
    'zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven',
    'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen')
_TENS = ('twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety')
_WORDS = {**{word: i for i, word in enumerate(_ONES)},
          **{word: 10 * i for i, word in enumerate(_TENS, 2)}}
_WORD = '|'.join(sorted(_WORDS, key=len, reverse=True))
_SPOKEN = re.compile(
    rf'\b(?:(?:{_WORD})\b[\s-]*(?:hundred\b(?:\s+and)?\s*)?)+(?:point(?:\s+(?:{_WORD})\b)+)?')
_HALF = re.compile(r'\b(half an?|(?:a )?dozen|none|a pair of)\b')
_HALVES = {'a dozen': '12', 'dozen': '12', 'none': '0', 'a pair of': '2'}
_DIGITS = r'(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?'
_UNIT = '|'.join(re.escape(name) for name in sorted(_FACTORS, key=len, reverse=True))
_QUANTITY = re.compile(
    rf'(?<![\w.])(?P<number>[-+]?{_DIGITS})(?:[\s-]*(?P<unit>{_UNIT})(?![\w²³]))?(?![\w²³])',
    re.ASCII)
_SPREAD = re.compile(rf'(?:±|\+/-|plus or minus|give or take)\s*{_DIGITS}\s*(?:{_UNIT})?', re.ASCII)
_BRACKETS = re.compile(r'\([^()]*\)')
_RANGE_GAP = re.compile(r'\s*(?:-|–|to|or|and)\s*')
_JOINT_GAP = re.compile(r'[\s,]*(?:and\s+)?')
_SAME_SHARE = 0.01


@dataclass(frozen=True)
class Quantity:
    """A number of a text.

    Args:
        value: in `unit`.
        unit: SI; '' for a bare number.
        factor: of the unit that stood there.
    """

    value: float
    unit: str
    factor: float = 1.0


def si_unit(unit: str) -> tuple[str, float] | None:
    """SI unit and factor of a unit's name; None for a name that is not known."""
    name = unit.strip()
    if not name:
        return '', 1.0
    name = _SAME.get(name, name)
    return (name, 1.0) if name in UNITS else _FACTORS.get(name.lower())


def convert(value: float, unit: str, wanted: str) -> float | None:
    """A value in another unit; None when one is not a multiple of the other."""
    if unit == wanted:
        return value
    given, target = si_unit(unit), si_unit(wanted)
    if given is None or target is None or given[0] != target[0]:
        return None
    return value * given[1] / target[1]


def read_number(text: str, unit: str = '') -> float | None:
    """The one number that a text gives.

    Args:
        text: plain language.
        unit: the unit wanted; '' for a bare number.

    Returns:
        In that unit. A bare number counts as one of it where no other has a unit of its kind. None
        when there is none, when two differ by more than a hundredth, or for a range.
    """
    wanted = si_unit(unit)
    if wanted is None:
        return None
    found = quantities(text)
    if found is None:
        return None
    values = [quantity.value / wanted[1] for quantity in found if quantity.unit == wanted[0]]
    if not values:
        values = [quantity.value for quantity in found if not quantity.unit]
    if not values or max(values) - min(values) > _SAME_SHARE * max(map(abs, values)):
        return None
    return values[0]


def quantities(text: str) -> tuple[Quantity, ...] | None:
    """All numbers of a text, "5 ft 3 in." as one; None when two of them are a range.

    What stands in brackets, and "± 2 cm", is left out where there is a number without it.
    """
    text = _in_digits(text)
    bare = _SPREAD.sub(' ', _BRACKETS.sub(' ', text))
    return _collect(bare if _QUANTITY.search(bare) else text)


def _collect(text: str) -> tuple[Quantity, ...] | None:
    found: list[Quantity] = []
    end = 0
    for match in _QUANTITY.finditer(text):
        number = float(match['number'].replace(',', ''))
        si, factor = _FACTORS[match['unit']] if match['unit'] else ('', 1.0)
        gap = text[end:match.start()]
        before = found[-1] if found else None
        end = match.end()
        if before is not None and _is_joint(before, si, factor, gap):
            found[-1] = Quantity(
                before.value + math.copysign(number * factor, before.value), si, factor)
            continue
        if before is not None and before.unit in ('', si) and _RANGE_GAP.fullmatch(gap):
            return None
        found.append(Quantity(number * factor, si, factor))
    return tuple(found)


def _is_joint(before: Quantity, si: str, factor: float, gap: str) -> bool:
    return bool(si) and before.unit == si and factor < before.factor and bool(
        _JOINT_GAP.fullmatch(gap))


def _in_digits(text: str) -> str:
    """Lower case, number words as digits, one sign for minus."""
    text = text.lower().replace('−', '-')
    text = _HALF.sub(lambda found: _HALVES.get(found[1], '0.5'), text)
    return _SPOKEN.sub(lambda found: f'{_spoken(found[0])} ', text)


def _spoken(words: str) -> str:
    whole, _, fraction = words.partition('point')
    total = 0
    for word in re.findall(r'[a-z]+', whole):
        total = total * 100 if word == 'hundred' else total + _WORDS.get(word, 0)
    digits = ''.join(str(_WORDS[word]) for word in fraction.split())
    return f'{total}.{digits}' if digits else str(total)
