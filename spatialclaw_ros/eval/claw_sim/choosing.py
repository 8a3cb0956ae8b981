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



"""Families that count, find and compare."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from spatialclaw_ros.eval.claw_sim.asked import Asked, clear_margin
from spatialclaw_ros.eval.claw_sim.known import Known
from spatialclaw_ros.eval.claw_sim.naming import Item

_COUNT = (
    'How many {those} are there?',
    'How many {those} can you see?',
    'How many {those} are there in the scene?',
    'Count the {those}.',
)
_COUNT_ON = ('How many {those} are on the {on}?', 'How many {those} do you see on the {on}?')
_EXISTS = (
    'Is there a {a}?',
    'Can you see a {a}?',
    'Is a {a} visible?',
    'Do you see a {a} in the scene?',
)
_EXISTS_ON = ('Is there a {a} on the {on}?',)
_NEAREST = (
    'Which is closer to the {c}: the {a} or the {b}?',
    'Which one is nearer to the {c}, the {a} or the {b}?',
    'Which of the {a} and the {b} is closer to the {c}?',
    'Is the {a} or the {b} closer to the {c}?',
)
_FARTHEST = ('Which is farther from the {c}: the {a} or the {b}?',)
_TALLER = ('Which is taller: the {a} or the {b}?', 'Which of the {a} and the {b} is taller?')
_SHORTER = ('Which is shorter: the {a} or the {b}?',)
_HIGHEST = ('Which is the tallest, the {a}, the {b} or the {c}?',)
_LONGER = ('Which is longer: the {a} or the {b}?',)
_COMPARE_TALL = ('Is the {a} taller than the {b}?', 'Is the {b} shorter than the {a}?')
_COMPARE_NEAR = (
    'Is the {a} closer to the {c} than the {b}?', 'Is the {b} farther from the {c} than the {a}?')
_LIMIT_GAP = (
    ('Is the gap between the {a} and the {b} wider than {limit}?', True),
    ('Is the distance between the {a} and the {b} more than {limit}?', True),
    ('Is the {a} less than {limit} from the {b}?', False),
    ('Are the {a} and the {b} less than {limit} apart?', False),
    ('Is the {a} within {limit} of the {b}?', False),
)
_LIMIT_TALL = (
    ('Is the {a} taller than {limit}?', True),
    ('Is the {a} more than {limit} tall?', True),
    ('Is the {a} shorter than {limit}?', False),
)
LEAST_M, LEAST_SHARE = 0.03, 0.12


def count(known: Known, rng: random.Random) -> Iterable[Asked]:
    """How many of a kind there are: of a colour and shape, of a shape, or of a colour."""
    asked = []
    for words, those in known.sorts():
        if not known.tells(those, words):
            continue
        on = {each.on for each in those}
        templates = _COUNT if len(on) != 1 or rng.random() < 0.5 else _COUNT_ON
        if templates is _COUNT_ON and '' in on:
            templates = _COUNT
        text = rng.choice(templates).format(those=known.plural(words), on=next(iter(on)))
        asked.append(Asked(text, 'count', float(len(those)),
                           about=tuple(each.name for each in those)))
    rng.shuffle(asked)
    return sorted(asked, key=lambda each: each.truth == 1.0)  # one of a kind is easily counted


def existence(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Whether there is a thing; of a colour or shape that is not there, as often as not."""
    for a, absent in zip(known.shuffled(rng, known.clear), known.absent(rng)):
        templates = _EXISTS_ON if a.on and rng.random() < 0.3 else _EXISTS
        there = rng.random() < 0.5
        text = rng.choice(templates).format(a=a.phrase if there else absent, on=a.on)
        yield Asked(known.article(text), 'yes_no', there,
                           about=(a.name,) if there else ())


def nearest(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Which of two things is nearer to a third, or farther from it."""
    for a, b, c in known.triples(rng, known.whole):
        to_a, to_b = known.gap(a, c), known.gap(b, c)
        if not clear_margin(to_a, to_b, LEAST_M, LEAST_SHARE) or not all(
                known.gap_shows(each, c, gap) for each, gap in ((a, to_a), (b, to_b))):
            continue
        far = rng.random() < 0.25
        text = rng.choice(_FARTHEST if far else _NEAREST).format(
            a=a.phrase, b=b.phrase, c=c.phrase)
        yield _one_of(text, (a, b), a if (to_a < to_b) != far else b, c)


def extreme(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Which of two or three things is the tallest, shortest or longest."""
    for a, b, c in known.triples(rng, known.whole):
        kind = rng.choice('tslh')
        three = (a, b, c) if kind == 'h' else (a, b)
        if kind == 'l' and not all(each.cornered and known.top_shows(each) for each in three):
            continue
        axis = 0 if kind == 'l' else 2
        ranked = sorted(three, key=lambda each: -known.size(each)[axis])
        sizes = [known.size(each)[axis] for each in ranked]
        if not clear_margin(sizes[0], sizes[1], LEAST_M, LEAST_SHARE):
            continue
        texts = {'t': _TALLER, 's': _SHORTER, 'l': _LONGER, 'h': _HIGHEST}[kind]
        text = rng.choice(texts).format(a=a.phrase, b=b.phrase, c=c.phrase)
        yield _one_of(text, three, ranked[-1] if kind == 's' else ranked[0])


def comparison(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Whether one thing is taller, or nearer to a third, than another."""
    for a, b, c in known.triples(rng, known.whole):
        near = rng.random() < 0.5
        of_a, of_b = (known.gap(each, c) if near else known.size(each)[2] for each in (a, b))
        if not clear_margin(of_a, of_b, LEAST_M, LEAST_SHARE):
            continue
        if near and not all(known.gap_shows(each, c, gap) for each, gap in ((a, of_a), (b, of_b))):
            continue
        text = rng.choice(_COMPARE_NEAR if near else _COMPARE_TALL).format(
            a=a.phrase, b=b.phrase, c=c.phrase)
        about = (a.name, b.name, c.name) if near else (a.name, b.name)
        yield Asked(text, 'yes_no', of_a < of_b if near else of_a > of_b, about=about)


def limit(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Whether a gap or a height is above or below a limit that it is not near."""
    for a, b in known.pairs(rng, known.whole):
        if rng.random() < 0.4:
            yield from _limit(rng, _LIMIT_TALL, known.size(a)[2], (a,))
            continue
        gap = known.gap(a, b)
        if gap > 0.04 and known.gap_shows(a, b, gap):
            yield from _limit(rng, _LIMIT_GAP, gap, (a, b))


def _limit(
    rng: random.Random, texts: tuple[tuple[str, bool], ...], value: float, items: tuple[Item, ...],
) -> list[Asked]:
    factor = rng.choice((0.5, 0.7, 1.3, 1.6))
    limit_cm = max(1, round(value * factor * 100))
    if not clear_margin(limit_cm / 100, value, LEAST_M, LEAST_SHARE):
        return []
    text, more = rng.choice(texts)
    names = dict(zip('ab', (each.phrase for each in items)))
    return [Asked(
        text.format(limit=f'{limit_cm} cm', **names), 'yes_no', (value > limit_cm / 100) == more,
        about=tuple(each.name for each in items))]


def _one_of(text: str, of: tuple[Item, ...], right: Item, *others: Item) -> Asked:
    return Asked(
        text, 'text', right.phrase, options=tuple(each.phrase for each in of),
        about=tuple(each.name for each in (*of, *others)))
