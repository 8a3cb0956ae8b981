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


"""Whether a thing can be what a noun says, by its form and size: yes, no, or it can't be told.

Sizes are those of things in homes, with room to both sides. A word for a form excludes a thing only
where its form is known and another one; what nobody can see from there excludes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from spatialclaw_ros.perception.sides import Sides

_ROUND, _ANGULAR = 1, -1
_SURE = 4.0
"""Logarithm of the odds at which a form is known: 1 in 50 is held for the other one by chance."""
_LIKELY = 2.0
_SOLID = 0.65  # least share of its hull that a body fills; one with a handle 0.85
_ROOM = 0.1  # beyond the usual sizes: those are of most things, not of all
_OFF = 2.0  # sigmas


@dataclass(frozen=True)
class Usual:
    """What things that a noun means are like.

    Args:
        plan: `_ROUND` or `_ANGULAR` as seen from above, 0 for either.
        width_m: from side to side, a handle included.
        height_m: as it stands or lies.
        slimness: height / width.
        thin_m: the lesser of both at most.
    """

    plan: int = 0
    width_m: tuple[float, float] = (0.0, math.inf)
    height_m: tuple[float, float] = (0.0, math.inf)
    slimness: tuple[float, float] = (0.0, math.inf)
    thin_m: float = math.inf


# Coffee mugs are 75 to 95 mm wide, 85 to 115 tall, with a handle 100 to 130 wide; an espresso cup
# 60 x 55, a tea cup 95 x 60 mm, a tall glass 65 x 160 mm.
_MUG = Usual(_ROUND, (0.045, 0.16), (0.035, 0.18), (0.6, 2.6))
# Drinks 66 x 115 mm, slim ones 58 x 146; food 73 x 110 and 99 x 65; paint to 180 x 200. Fish comes
# in flat tins, 85 x 35 mm.
_CAN = Usual(_ROUND, (0.045, 0.20), (0.035, 0.25), (0.6, 2.6))
_TIN = Usual(_ROUND, (0.045, 0.26), (0.02, 0.25), (0.25, 2.6))
# From 0.2 l of water (55 x 150 mm) to a magnum of wine (115 x 360); sauces are 70 x 150.
_BOTTLE = Usual(_ROUND, (0.03, 0.17), (0.10, 0.45), (1.6, 8.0))
# Saucers begin at 110 mm, chargers end at 330; deep ones are 45 mm high.
_PLATE = Usual(_ROUND, (0.09, 0.38), (0.0, 0.06), (0.0, 0.3))
# Dips 80 x 35 mm, cereals 150 x 65, rice 115 x 65, salads 300 x 120.
_BOWL = Usual(_ROUND, (0.07, 0.38), (0.02, 0.20), (0.2, 0.65))
# From paperbacks of 100 x 150 mm to atlases; lying or upright, one side is the pages' thickness.
_BOOK = Usual(_ANGULAR, (0.0, 0.5), (0.0, 0.4), thin_m=0.09)
_BOX = Usual(_ANGULAR)
_BALL_SIZES = Usual(_ROUND, (0.015, 0.85), (0.015, 0.85), (0.85, 1.15))
_PAPER = Usual(_ANGULAR, thin_m=0.03)
USUAL: dict[str, Usual] = {
    **dict.fromkeys(('mug', 'cup', 'glass', 'tumbler', 'beaker'), _MUG),
    **dict.fromkeys(('can', 'jar'), _CAN),
    'tin': _TIN,
    **dict.fromkeys(('cylinder', 'candle', 'roll', 'tube'), Usual(_ROUND)),
    **dict.fromkeys(('bottle', 'flask', 'thermos', 'carafe'), _BOTTLE),
    **dict.fromkeys(('plate', 'saucer'), _PLATE),
    **dict.fromkeys(('disc', 'disk'), Usual(_ROUND, slimness=(0.0, 0.3))),
    'bowl': _BOWL,
    **dict.fromkeys(('dish', 'tray', 'lid'), Usual(0, (0.06, 0.6), (0.0, 0.15), (0.0, 0.5))),
    **dict.fromkeys(('book', 'notebook'), _BOOK),
    **dict.fromkeys(('tablet', 'laptop', 'folder', 'binder', 'phone', 'smartphone'),
                    Usual(_ANGULAR, thin_m=0.09)),
    **dict.fromkeys(('magazine', 'paper', 'sheet', 'card', 'envelope', 'letter', 'leaflet',
                     'brochure', 'flyer', 'newspaper'), _PAPER),
    **dict.fromkeys(('box', 'cube', 'block', 'brick', 'carton', 'package', 'parcel', 'crate',
                     'suitcase'), _BOX),
    **dict.fromkeys(('ball', 'sphere', 'globe'), _BALL_SIZES),
    **dict.fromkeys(('orange', 'apple', 'marble'), Usual(_ROUND, (0.01, 0.15), (0.01, 0.15),
                                                         (0.8, 1.2))),
}
"""Nouns whose things have one form; a bin, a tray or a mat may be round or angular."""
_BALLS = frozenset({'ball', 'sphere', 'globe', 'orange', 'apple', 'marble'})


@dataclass(frozen=True)
class Likeness:
    """Whether a thing can be what a noun says.

    Args:
        why_not: what it is instead, as it can't be; '' where it may be.
        told: whether its form speaks for it, too; of nouns of any form, its size.
    """

    why_not: str = ''
    told: bool = True


def likeness(noun: str, sides: Sides) -> Likeness:
    """Hold what was seen of a thing against what a noun means.

    Args:
        noun: singular; one that is not in `USUAL` excludes nothing.
        sides: of the thing.
    """
    usual = USUAL.get(noun)
    if usual is None:
        return Likeness()
    why = _other_form(noun, usual, sides) or _other_size(usual, sides)
    if why:
        return Likeness(why, False)
    if usual.plan == 0:  # one form is as good as another: that it is as low and as wide must show
        return Likeness('', sides.whole)
    odds = sides.ball if noun in _BALLS else usual.plan * sides.round
    return Likeness('', odds >= _LIKELY)


def _other_form(noun: str, usual: Usual, sides: Sides) -> str:
    agrees = usual.plan * sides.round >= _SURE  # of one that is lit from one side, a face may lack
    if sides.whole and not agrees and sides.fill < _SOLID:
        return 'it has gaps, or is several'
    if noun in _BALLS:
        if sides.ball <= -_SURE:
            return 'its sides or its top are straight'
        return 'it is angular' if sides.round <= -_SURE and sides.ball < _LIKELY else ''
    if sides.ball >= _SURE:
        return 'it is a ball'
    if usual.plan * sides.round <= -_SURE:
        return 'it is angular' if usual.plan == _ROUND else 'it is round'
    return ''


def _other_size(usual: Usual, sides: Sides) -> str:
    """Why it is too large, too small, too slim or too flat; '' where it is not, or not known."""
    width, low, high = sides.width_m, sides.height_m, sides.tall_m
    if not (width > 0 and low > 0):
        return ''
    off = _OFF * sides.off_m
    said = f'it is {_cm(width)} wide and {_cm(low)} high'

    def more(value: float, limit: float, doubt: float = off) -> bool:
        return value - doubt > limit * (1 + _ROOM)

    def less(value: float, limit: float, doubt: float = off) -> bool:
        return value + doubt < limit * (1 - _ROOM)

    if more(width, usual.width_m[1]) or more(low, usual.height_m[1]) or more(
            min(width, low), usual.thin_m):
        return said
    doubt = off / width * math.hypot(1.0, high / width)
    if more(low / width / sides.missing, usual.slimness[1], doubt):
        return said
    if sides.whole and (less(width, usual.width_m[0]) or less(high, usual.height_m[0])
                        or less(high / width, usual.slimness[0], doubt)):
        return said
    return ''


def _cm(value_m: float) -> str:
    return f'{100 * value_m:.0f} cm'
