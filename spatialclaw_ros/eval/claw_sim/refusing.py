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



"""Families of questions that a fair judge would not answer.

Each is asked for an answer of the kind that its likes have: the kind tells nobody to refuse.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from spatialclaw_ros.eval.claw_sim.asked import Asked, clear_margin
from spatialclaw_ros.eval.claw_sim.known import Known
from spatialclaw_ros.eval.claw_sim.naming import Item
from spatialclaw_ros.eval.claw_sim.relations import side_of


def _metres(text: str) -> Asked:
    return Asked(text, 'number', None, 'm')


def _yes_no(text: str) -> Asked:
    return Asked(text, 'yes_no', None)


def _point(text: str, frame: str = 'base_link') -> Asked:
    return Asked(text, 'point', None, 'm', frame)


_FAR = (_metres('How far is the {x} from the {a}?'), _metres('How far is the {a} from the {x}?'))
_LEFT = _yes_no('Is the {x} left of the {a}?')
_WHERE = _point('Where is the {x} relative to base_link?')
_ABSENT = (
    _FAR[0],
    _metres('How tall is the {x}?'),
    _WHERE,
    _LEFT,
    Asked('Which is closer to the {x}: the {a} or the {b}?', 'text', None,
          options=('{a}', '{b}')),
    _FAR[1],
)
_AMBIGUOUS = (_FAR[0], _LEFT, _FAR[1], _WHERE)
_CUT_OFF = {
    'length': (_metres('How long is the {a}?'), _metres('What is the length of the {a}?')),
    'height': (_metres('How tall is the {a}?'), _metres('What is the height of the {a}?')),
}
_BORDER_GAP = (_yes_no('Is the gap between the {a} and the {b} wider than {limit}?'),
               _yes_no('Are the {a} and the {b} less than {limit} apart?'))
_BORDER_TALL = (_yes_no('Is the {a} taller than {limit}?'),)
_NO_FRAME = (_metres('How far is the {a} from the charging_dock frame?'),
             _point('Where is the {a} relative to the charging dock?', 'charging_dock'))
_METRES = (_metres('How far is the {a} from the {b}?'),
           _metres('What is the closest distance between the {a} and the {b}?'))
_TF = (_metres('How far is the centre of the {a} from the gripper?'),
       _point('Where is the {a} relative to base_link?'),
       Asked('What is the bearing of the {a} from the robot?', 'number', None, 'rad'))


def absent(known: Known, rng: random.Random) -> Iterator[Asked]:
    """About a thing that is not there."""
    for (a, b), x in zip(known.pairs(rng, known.clear), known.absent(rng, known.seen)):
        yield _refusal(rng.choice(_ABSENT), 'absent', {'a': a, 'b': b}, x=x)


def ambiguous(known: Known, rng: random.Random) -> Iterable[Asked]:
    """About one of several of which not the same is true, without saying which."""
    asked = []
    for words, those in known.sorts():
        others = [each for each in known.shuffled(rng, known.clear) if each not in those]
        if len(those) < 2 or not others or not known.tells(those, words):
            continue
        like = rng.choice(_AMBIGUOUS)
        if _differ(known, like.text, those, others[0]):
            asked.append(_refusal(like, 'ambiguous', {'a': others[0]}, x=words))
    rng.shuffle(asked)
    return asked


def _differ(known: Known, text: str, those: tuple[Item, ...], other: Item) -> bool:
    """Whether one answer can't do for all of them."""
    if 'left of' in text:
        return {'left', 'right'} <= {side_of(known, each, other) for each in those}
    if 'How far' in text:
        gaps = [known.gap(each, other) for each in those]
        return clear_margin(min(gaps), max(gaps), 0.1, 0.2)
    return True


def cut_off(known: Known, rng: random.Random) -> Iterable[Asked]:
    """About the size of a thing whose end no picture shows."""
    return [
        _refusal(rng.choice(_CUT_OFF[what]), 'cut off', {'a': a})
        for a, what in known.cut_off(rng)]


def borderline(known: Known, rng: random.Random) -> Iterator[Asked]:
    """About a limit that a measure is within half a millimetre of, which no real sensor tells."""
    for a, b in known.pairs(rng, known.whole):
        off = rng.choice((-1, 1)) * rng.uniform(0.0002, 0.0004)
        if rng.random() < 0.3:
            tall = known.size(a)[2]
            if tall > 0.04 and not a.lies:
                yield _refusal(rng.choice(_BORDER_TALL), 'borderline', {'a': a},
                               limit=f'{(tall + off) * 100:.2f} cm')
            continue
        gap = known.gap(a, b)
        if 0.04 < gap < 0.6 and known.gap_shows(a, b, gap):
            yield _refusal(rng.choice(_BORDER_GAP), 'borderline', {'a': a, 'b': b},
                           limit=f'{(gap + off) * 100:.2f} cm')


def unknown_frame(known: Known, rng: random.Random) -> Iterable[Asked]:
    """About a place that the robot knows nothing of."""
    return [
        _refusal(rng.choice(_NO_FRAME), 'unknown frame', {'a': a})
        for a in known.shuffled(rng, known.clear)[:2]]


def without_metres(known: Known, rng: random.Random) -> Iterator[Asked]:
    """About metres, where nothing tells how large the world is.

    Of small gaps and of mugs people know about how large they are.
    """
    for a, b in known.pairs(rng, known.whole):
        if known.gap(a, b) > 0.2:
            yield _refusal(rng.choice(_METRES), 'no metres', {'a': a, 'b': b})


def without_tf(known: Known, rng: random.Random) -> Iterator[Asked]:
    """About the robot's own frames, where TF tells nothing of them."""
    for a in known.shuffled(rng, known.clear):
        yield _refusal(rng.choice(_TF), 'no TF', {'a': a})


def _refusal(like: Asked, why: str, items: Mapping[str, Item], **words: str) -> Asked:
    """A question without a truth.

    Args:
        like: its text and options with places for names.
        why: there is none.
        items: things to name, by place; those without one are left out.
        words: what else to put into places.
    """
    names = {**words, **{place: item.phrase for place, item in items.items()}}
    return replace(
        like, text=like.text.format(**names),
        options=tuple(option.format(**names) for option in like.options),
        about=tuple(item.name for place, item in items.items() if f'{{{place}}}' in like.text),
        tags={'why': why})
