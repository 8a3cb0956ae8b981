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



"""Families of questions that a fair judge would not answer."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from spatialclaw_ros.eval.claw_sim.asked import Asked, clear_margin
from spatialclaw_ros.eval.claw_sim.known import Known
from spatialclaw_ros.eval.claw_sim.naming import Item
from spatialclaw_ros.eval.claw_sim.relations import side_of

_ABSENT = (
    'How far is the {x} from the {a}?',
    'How tall is the {x}?',
    'Where is the {x} relative to base_link?',
    'Is the {x} left of the {a}?',
    'Which is closer to the {x}: the {a} or the {b}?',
    'How far is the {a} from the {x}?',
)
_AMBIGUOUS = (
    'How far is the {x} from the {a}?',
    'Is the {x} left of the {a}?',
    'How far is the {a} from the {x}?',
    'Where is the {x} relative to base_link?',
)
_CUT_OFF = {
    'length': ('How long is the {a}?', 'What is the length of the {a}?'),
    'height': ('How tall is the {a}?', 'What is the height of the {a}?'),
}
_BORDER_GAP = ('Is the gap between the {a} and the {b} wider than {limit}?',
               'Are the {a} and the {b} less than {limit} apart?')
_BORDER_TALL = ('Is the {a} taller than {limit}?',)
_NO_FRAME = ('How far is the {a} from the charging_dock frame?',
             'Where is the {a} relative to the charging dock?')
_METRES = ('How far is the {a} from the {b}?',
           'What is the closest distance between the {a} and the {b}?')
_TF = ('How far is the centre of the {a} from the gripper?',
       'Where is the {a} relative to base_link?',
       'What is the bearing of the {a} from the robot?')


def absent(known: Known, rng: random.Random) -> Iterator[Asked]:
    """About a thing that is not there."""
    for (a, b), x in zip(known.pairs(rng, known.clear), known.absent(rng)):
        text = rng.choice(_ABSENT).format(a=a.phrase, b=b.phrase, x=x)
        yield _refusal(text, 'absent', a.name)


def ambiguous(known: Known, rng: random.Random) -> Iterable[Asked]:
    """About one of several of which not the same is true, without saying which."""
    asked = []
    for words, those in known.sorts():
        others = [each for each in known.shuffled(rng, known.clear) if each not in those]
        if len(those) < 2 or not others or not known.tells(those, words):
            continue
        text = rng.choice(_AMBIGUOUS)
        if _differ(known, text, those, others[0]):
            asked.append(_refusal(text.format(x=words, a=others[0].phrase), 'ambiguous',
                                  others[0].name))
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
        _refusal(rng.choice(_CUT_OFF[what]).format(a=a.phrase), 'cut off', a.name)
        for a, what in known.cut_off(rng)]


def borderline(known: Known, rng: random.Random) -> Iterator[Asked]:
    """About a limit that a measure is within half a millimetre of, which no real sensor tells."""
    for a, b in known.pairs(rng, known.whole):
        off = rng.choice((-1, 1)) * rng.uniform(0.0002, 0.0004)
        if rng.random() < 0.3:
            tall = known.size(a)[2]
            if tall > 0.04 and not a.lies:
                limit = f'{(tall + off) * 100:.2f} cm'
                text = rng.choice(_BORDER_TALL).format(a=a.phrase, limit=limit)
                yield _refusal(text, 'borderline', a.name)
            continue
        gap = known.gap(a, b)
        if 0.04 < gap < 0.6 and known.gap_shows(a, b, gap):
            text = rng.choice(_BORDER_GAP).format(
                a=a.phrase, b=b.phrase, limit=f'{(gap + off) * 100:.2f} cm')
            yield _refusal(text, 'borderline', a.name, b.name)


def unknown_frame(known: Known, rng: random.Random) -> Iterable[Asked]:
    """About a place that the robot knows nothing of."""
    return [
        _refusal(rng.choice(_NO_FRAME).format(a=a.phrase), 'unknown frame', a.name)
        for a in known.shuffled(rng, known.clear)[:2]]


def without_metres(known: Known, rng: random.Random) -> Iterator[Asked]:
    """About metres, where nothing tells how large the world is.

    Of small gaps and of mugs people know about how large they are.
    """
    for a, b in known.pairs(rng, known.whole):
        if known.gap(a, b) > 0.2:
            text = rng.choice(_METRES).format(a=a.phrase, b=b.phrase)
            yield _refusal(text, 'no metres', a.name, b.name)


def without_tf(known: Known, rng: random.Random) -> Iterator[Asked]:
    """About the robot's own frames, where TF tells nothing of them."""
    for a in known.shuffled(rng, known.clear):
        yield _refusal(rng.choice(_TF).format(a=a.phrase), 'no TF', a.name)


def _refusal(text: str, why: str, *about: str) -> Asked:
    return Asked(text, 'text', None, about=about, tags={'why': why})
