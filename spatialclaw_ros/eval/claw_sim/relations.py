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



"""Families about where things are to each other, as somebody sees them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator

from spatialclaw_ros.eval.claw_sim.asked import Asked
from spatialclaw_ros.eval.claw_sim.known import Known
from spatialclaw_ros.eval.claw_sim.naming import Item

LEAST_M = 0.06
"""Nobody is asked for a side that is less clear."""

_IS = {
    'left': ('Is the {a} left of the {b}?', 'Is the {a} to the left of the {b}?',
             'As seen from the camera, is the {a} on the left side of the {b}?'),
    'right': ('Is the {a} right of the {b}?', 'Is the {a} to the right of the {b}?'),
    'front': ('Is the {a} in front of the {b}?',
              "From the camera's view, is the {a} in front of the {b}?"),
    'behind': ('Is the {a} behind the {b}?', "Is the {a} behind the {b} from the camera's view?"),
}
_ON = ('Is the {a} on the {on}?', 'Is the {a} standing on the {on}?')
_SIDE = (
    'Is the {a} to the left or right of the {b}?',
    'Which side of the {b} is the {a} on?',
    'Is the {a} to the left of or to the right of the {b}?',
)
_ROW = (
    'Of the {things}, which is {place} as the camera sees them?',
    'As the camera sees them, which of the {things} comes {place}?',
    'Looking from the camera at the {things}, which one is {place}?',
)
_PLACES = ('first from the left', 'second from the left', 'third from the left',
           'second from the right', 'first from the right')
_BETWEEN = (
    'What is between the {a} and the {b}?',
    'Which object is between the {a} and the {b}?',
    'What stands between the {a} and the {b}?',
)
_OTHER_SIDE = (
    'Seen from the other side of the scene, is the {a} left of the {b}?',
    'If you looked from the opposite side, would the {a} be to the left of the {b}?',
    'For somebody who faces the camera from behind the things, is the {a} right of the {b}?',
)
_FROM_CAMERA = (
    'Seen from the {camera} camera, is the {a} left of the {b}?',
    'Is the {a} right of the {b}, as seen from the {camera} camera?',
)
_HIDDEN = (
    'How many objects are partly hidden behind the {a} in the last picture?',
    'In the newest picture, how many objects does the {a} partly cover?',
)
_FIT = (
    'Would the {c} fit in the gap between the {a} and the {b}?',
    'Is the gap between the {a} and the {b} wide enough for the {c}?',
    'Could the {c} stand between the {a} and the {b} without touching them?',
)
NONE_SHARE = 0.15
"""Of the worlds in which nothing hides another: "none" shall not be right too often."""
_STRAIGHT, _LEDGED = ('can', 'cup', 'bottle', 'bin'), ('chair', 'stool')
"""What is as wide at the foot as anywhere; what something fits under."""


def side_of(known: Known, a: Item, b: Item, camera: str = '') -> str:
    """'left', 'right', 'front' or 'behind': where `a` is of `b` for sure, in all pictures; else ''.

    Args:
        known: the world.
        a: what is asked about.
        b: what it is compared with.
        camera: the only one whose pictures matter.
    """
    found, shown = set(), False
    for each in known.offsets(a, b, camera):
        left, away = each.left_m, each.away_m
        shown |= math.isfinite(each.right_px)
        if abs(left) > max(LEAST_M, 1.5 * abs(away)) and left * each.right_px < 0 and (
                abs(each.right_px) > 25):
            found.add('left' if left > 0 else 'right')
        elif abs(away) > max(LEAST_M, 1.5 * abs(left)) and not each.from_above:
            found.add('behind' if away > 0 else 'front')
        else:
            found.add('')
    return found.pop() if len(found) == 1 and shown else ''


def relation(known: Known, rng: random.Random) -> Iterable[Asked]:
    """Whether a thing is left or right of, in front of or behind another, or on something."""
    asked = []
    opposite = {'left': 'right', 'right': 'left', 'front': 'behind', 'behind': 'front'}
    for a, b in known.pairs(rng, known.clear):
        side = side_of(known, a, b)
        if side:
            truth = rng.random() < 0.5
            text = rng.choice(_IS[side if truth else opposite[side]])
            asked.append(Asked(text.format(a=a.phrase, b=b.phrase), 'yes_no', truth,
                               about=(a.name, b.name)))
    for a in known.shuffled(rng, known.clear)[:2]:
        if a.on and len(known.surfaces) > 1:
            on = rng.choice(known.surfaces)
            asked.append(Asked(rng.choice(_ON).format(a=a.phrase, on=on), 'yes_no', a.on == on,
                               about=(a.name,)))
    rng.shuffle(asked)
    return asked


def which_side(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Left or right."""
    for a, b in known.pairs(rng, known.clear):
        side = side_of(known, a, b)
        if side in ('left', 'right'):
            text = rng.choice(_SIDE).format(a=a.phrase, b=b.phrase)
            yield Asked(
                text, 'text', side, options=('left', 'right'), about=(a.name, b.name))


def row_order(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Which of several comes second from the left, say."""
    for number in range(4):
        things = known.shuffled(rng, known.clear)[:3 + number % 3]
        row = known.row(things) if len(things) > 2 else None
        if row is None:
            continue
        place = rng.choice(_PLACES)
        order, side = place.split()[0], place.split()[-1]
        index = {'first': 0, 'second': 1, 'third': 2}[order]
        right = row[index] if side == 'left' else row[-1 - index]
        listed = [each.phrase for each in things]
        text = rng.choice(_ROW).format(
            things=', the '.join(listed[:-1]) + f' and the {listed[-1]}', place=place)
        yield Asked(
            text, 'text', right.phrase, options=tuple(listed),
            about=tuple(each.name for each in things))


def between(known: Known, rng: random.Random) -> Iterator[Asked]:
    """What stands between two things."""
    for a, b in known.pairs(rng, known.clear):
        inside = known.between(a, b)
        if inside is not None and len(inside) == 1 and inside[0] in known.clear:
            others = [each for each in known.clear if each not in (a, b)]
            if len(others) < 2:
                continue
            text = rng.choice(_BETWEEN).format(a=a.phrase, b=b.phrase)
            yield Asked(
                text, 'text', inside[0].phrase, options=tuple(each.phrase for each in others),
                about=(a.name, b.name, inside[0].name))


def viewpoint(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Left or right for somebody who stands elsewhere."""
    for a, b in known.pairs(rng, known.clear):
        if len(known.cameras) > 1 and rng.random() < 0.6:
            camera = rng.choice(known.cameras)
            side = side_of(known, a, b, camera)
            if side in ('left', 'right'):
                text = rng.choice(_FROM_CAMERA)
                truth = side == ('left' if 'left of' in text else 'right')
                yield Asked(
                    text.format(a=a.phrase, b=b.phrase, camera=camera.replace('_', ' ')),
                    'yes_no', truth, about=(a.name, b.name))
            continue
        side = side_of(known, a, b)
        if side in ('left', 'right'):
            text = rng.choice(_OTHER_SIDE)
            seen = {'left': 'right', 'right': 'left'}[side]
            truth = seen == ('right' if 'right of' in text else 'left')
            yield Asked(
                text.format(a=a.phrase, b=b.phrase), 'yes_no', truth, about=(a.name, b.name))


def hidden_count(known: Known, rng: random.Random) -> Iterable[Asked]:
    """How many things another hides parts of, in the newest picture."""
    asked = []
    for a in known.shuffled(rng, known.clear):
        those = known.hidden_by(a)
        if those is not None:
            asked.append(Asked(rng.choice(_HIDDEN).format(a=a.phrase), 'count', float(len(those)),
                               about=(a.name,)))
    some = [each for each in asked if each.truth]
    return some or (asked if rng.random() < NONE_SHARE else [])


def fits(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Whether a thing that stands, and does not roll, fits between two others beside it."""
    found: dict[bool, list[tuple[Item, Item, Item]]] = {True: [], False: []}
    for a, b, c in known.triples(rng, known.whole, most=300):
        if c.noun in _STRAIGHT and not {a.noun, b.noun} & set(_LEDGED) and a.on == b.on == c.on:
            gap, needs = known.gap(a, b), known.size(c)[1]
            if gap < 0.5 and known.between(a, b) == [] and abs(gap - needs) > 0.03:
                found[gap > needs].append((a, b, c))
    first = rng.random() < 0.5
    for a, b, c in found[first] + found[not first]:
        room, needs = known.level_gap(a, b), known.size(c)[1]
        if abs(room - needs) > 0.03 and known.gap_shows(a, b, known.gap(a, b)):
            text = rng.choice(_FIT).format(a=a.phrase, b=b.phrase, c=c.phrase)
            yield Asked(text, 'yes_no', room > needs, about=(a.name, b.name, c.name))
