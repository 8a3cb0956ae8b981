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

A text that gives two different values of one kind, a range, a bound, or a number in a notation that
is not known here ("1,5 m", "1/2", "3 x 10^-2") gives none: what it means is not for the scoring to
guess.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

from spatialclaw_ros.eval.units import ANY_UNIT, FACTORS, OTHER, UNITS, si_unit

_ONES = (
    'zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven',
    'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen')
_TENS = ('twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety')
_WORDS = {**{word: i for i, word in enumerate(_ONES)},
          **{word: 10 * i for i, word in enumerate(_TENS, 2)}}
_DIGIT = '|'.join(_ONES[:10])
_SMALL = (rf'(?:(?:{"|".join(_TENS)})(?:[\s-]+(?:{_DIGIT})\b)?|'
          rf'(?:{"|".join(sorted(_ONES, key=len, reverse=True))}))\b')
_SPOKEN = re.compile(
    rf'\b(?:{_SMALL}\s+hundred\b(?:\s+(?:and\s+)?{_SMALL})?|{_SMALL})'
    rf'(?:\s+point(?:\s+(?:{_DIGIT})\b)+)?')
_HALF = re.compile(r'\bhalf an?\b')
# "two and a half", once the two is a digit.
_MIXED = re.compile(r'(?<![\w.,/])(\d+)\s+and\s+(?:an?|1)\s+(half|quarter)\b')
_PARTS = {'half': 0.5, 'quarter': 0.25}
# Words for how many, which are no length.
_COUNTS = re.compile(r'\b(none|nobody|no[\s-]one|(?:a )?dozen|a pair of)\b')
_COUNTED = {'dozen': '12', 'a dozen': '12', 'a pair of': '2'}
_MINUS = re.compile(r'\b(?<!or )(?:minus|negative)\s+(?=\.?\d)')
_DEGREES = re.compile(r'(?:\^[\s{]*)?\\(?:circ|degree)\b(?:\s*\})?|º')
_MARKUP = re.compile(r'\\(?:boxed|text[a-z]*|math[a-z]+|left|right|approx|sim|quad)\b|\\[,;:! ]|'
                     r'[*`${}]')

_NUMBER = r'(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?'
_BOUND = (r'(?:(?:less|more|greater|fewer|larger|smaller|longer|shorter|closer|further|farther|'
          r'nearer)\s+than|at\s+(?:least|most)|up\s+to|[<>≤≥]=?)\s*(?:about\s+)?')
_INCH = r'in(?=\s*(?:$|[,;:)]|(?:wide|tall|high|long|deep|thick|away|apart|across)\b))'
# A run of digits with whatever stands between them, so that no part of "1,5" is read.
_QUANTITY = re.compile(
    rf'(?P<bound>{_BOUND})?(?P<sign>[-+])?(?P<number>\.?\d(?:[\d.,:/⁄]*\d)?(?:e[-+]?\d+)?)'
    rf'(?:[\s-]*(?:(?P<unit>{ANY_UNIT})(?!\w)|(?P<inch>{_INCH}))(?P<per>\s*/(?!\s*\.?\d)|[\^·]|\s+per\b)?)?')
_SPREAD = re.compile(
    rf'(?:±|\\pm\b|\+/-|plus or minus|give or take)\s*{_NUMBER}\s*(?P<unit>(?:{ANY_UNIT})(?!\w))?')
_BRACKETS = re.compile(r'\([^()]*\)')
_MORE = re.compile(r'[\s-]*(?:and\s+)?(?:an?\s+|1\s+)?(?:half|halves|quarters?|thirds?|hundreds?|'
                   r'thousand|million|billion)\b')
_GAP = re.compile(r'\s*(?:[-–—‒~…/×x*·]|\\(?:times|cdot)|\.\.+|(?:up\s+)?to|or)\s*')
_LOOSE_GAP = re.compile(r'\s*(?:and\s*)?')
_JOINT_GAP = re.compile(r'[\s,]*(?:and\s+)?')
_SAME_SHARE = 0.01


@dataclass(frozen=True)
class Quantity:
    """A number of a text.

    Args:
        value: in `unit`.
        unit: SI; '' for a bare number, '?' for a unit of another kind.
        factor: of the unit that stood there.
    """

    value: float
    unit: str
    factor: float = 1.0


def read_number(text: str, unit: str = '') -> float | None:
    """The one number that a text gives.

    Args:
        text: plain language.
        unit: the unit wanted; '' for a bare number.

    Returns:
        In that unit. A bare number counts as one of it where no other unit of its kind is named.
        None when there is none, when two differ (by more than a hundredth, where they have units),
        or for what `quantities` can't tell.
    """
    wanted = si_unit(unit)
    if wanted is None:
        return None
    found = quantities(text, counts=not wanted[0])
    if found is None:
        return None
    values = [quantity.value / wanted[1] for quantity in found if quantity.unit == wanted[0]]
    if not values and not _names_another(text.lower(), *wanted):
        values = [quantity.value for quantity in found if not quantity.unit]
    same = _SAME_SHARE if wanted[0] else 0.0
    if not values or max(values) - min(values) > same * max(map(abs, values)):
        return None
    return values[0]


def _names_another(text: str, si: str, factor: float) -> bool:
    return any(re.search(rf'(?<!\w){re.escape(name)}(?!\w)', text)
               for name, known in UNITS.get(si, {}).items() if known != factor)


def quantities(text: str, *, counts: bool = False) -> tuple[Quantity, ...] | None:
    """All numbers of a text, "5 ft 3 in." as one; None when one of them is not to be told.

    That is a range, a bound, or a notation which is not known here. What stands in brackets, and
    "± 2 cm", is left out where there is a number without it.

    Args:
        text: plain language, with or without marks of Markdown and LaTeX.
        counts: whether "none" and "a dozen" are numbers, too.
    """
    text = _in_digits(text, counts)
    bare = _BRACKETS.sub(' ', text)
    return _collect(bare if _QUANTITY.search(bare) else text)


def _collect(text: str) -> tuple[Quantity, ...] | None:
    found: list[Quantity] = []
    end = 0
    for match in _QUANTITY.finditer(text):
        sign, begin = match['sign'] or '', match.start('number')
        before = text[max(0, begin - len(sign) - 1):begin - len(sign)]
        if sign and (before.isalnum() or before in (')', '°')):  # a dash behind something
            sign, before = '', match['sign']
        if before.isalnum() or before == '_' or _belongs_to_a_name(match):
            continue
        here = _quantity(match, sign)
        if here is None or '^' in text[max(0, begin - 2):begin] or _goes_on(match):
            return None
        gap = text[end:begin - len(sign)]
        end = match.end()
        if found and _is_joint(found[-1], here, gap):
            last = found[-1]
            found[-1] = Quantity(
                last.value + math.copysign(here.value, last.value), here.unit, here.factor)
            continue
        if found and _is_open(found[-1], here, gap):
            return None
        found.append(here)
    return tuple(found)


def _belongs_to_a_name(match: re.Match[str]) -> bool:
    """Whether letters follow at once that are no unit: "2nd", "3D"; or a unit of no use here."""
    after = match.string[match.end('number'):][:1]
    return not (match['unit'] or match['inch']) and (after.isalpha() or after in ('_', '°'))


def _quantity(match: re.Match[str], sign: str) -> Quantity | None:
    """None for a bound, and for a number that is not written as one."""
    if match['bound'] or not re.fullmatch(_NUMBER, match['number']):
        return None
    value = float(sign + match['number'].replace(',', ''))
    if not math.isfinite(value):
        return None
    if match['per']:
        return Quantity(value, OTHER)
    name = match['unit'] or ('inch' if match['inch'] else '')
    si, factor = FACTORS[name] if name else ('', 1.0)
    return Quantity(value * factor, si, factor)


def _goes_on(match: re.Match[str]) -> bool:
    """Whether what follows changes the number: an exponent, a mark for feet, "and a half"."""
    text, end = match.string, match.end()
    after = text[end:end + 1]
    quoted = after in ('"', "'") and text.count(after) % 2 == 1
    return (quoted or after in tuple('^′″⁻⁺') or after.isnumeric()
            or _MORE.match(text, end) is not None)


def _is_joint(before: Quantity, here: Quantity, gap: str) -> bool:
    return (bool(here.unit) and before.unit == here.unit and here.factor < before.factor
            and bool(_JOINT_GAP.fullmatch(gap)))


def _is_open(before: Quantity, here: Quantity, gap: str) -> bool:
    """Whether two numbers are a range, a choice, a product, or one with a blank in it."""
    if before.unit in ('', here.unit) and _LOOSE_GAP.fullmatch(gap):
        return True
    return (before.unit == here.unit or not before.unit or not here.unit) and bool(
        _GAP.fullmatch(gap))


def _in_digits(text: str, counts: bool) -> str:
    """Lower case, number words as digits, one sign for minus, no markup, no "± 2 cm"."""
    text = ''.join(str(unicodedata.decimal(each)) if each.isdecimal() else each
                   for each in text.lower().replace('−', '-'))
    text = _MARKUP.sub(' ', _DEGREES.sub('°', text))
    if counts:
        text = _COUNTS.sub(lambda found: _COUNTED.get(found[1], '0'), text)
    text = _SPOKEN.sub(lambda found: f'{_spoken(found[0])} ', _HALF.sub('0.5', text))
    text = _MIXED.sub(lambda found: str(int(found[1]) + _PARTS[found[2]]), text)
    text = _SPREAD.sub(lambda found: f' {found["unit"] or ""}', text)
    return _MINUS.sub('-', text)


def _spoken(words: str) -> str:
    whole, _, fraction = words.partition('point')
    total = 0
    for word in re.findall(r'[a-z]+', whole):
        total = total * 100 if word == 'hundred' else total + _WORDS.get(word, 0)
    digits = ''.join(str(_WORDS[word]) for word in fraction.split())
    return f'{total}.{digits}' if digits else str(total)
