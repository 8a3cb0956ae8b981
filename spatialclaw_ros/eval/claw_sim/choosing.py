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

import math
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
_COMPARE_TALL = ('Is the {a} taller than the {b}?',)
_COMPARE_SHORT = (*_COMPARE_TALL, 'Is the {b} shorter than the {a}?')
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
)
_LIMIT_SHORT = (*_LIMIT_TALL, ('Is the {a} shorter than {limit}?', False))
"""Of boxes and books 'shorter' may be said of the length."""
LEAST_M, LEAST_SHARE = 0.03, 0.12


def count(known: Known, rng: random.Random) -> Iterable[Asked]:
    """How many of a kind there are: of a colour and shape, of a shape, or of a colour."""
    asked = []
    for words, those in known.sorts():
        if not known.tells(those, words) or (
                'thing' not in words and not all(each.speaks for each in those)):
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
    there_are = [each for each in known.clear if each.speaks]
    for a, absent in zip(known.shuffled(rng, there_are), known.absent(rng, known.seen)):
        templates = _EXISTS_ON if a.on and rng.random() < 0.3 else _EXISTS
        there = rng.random() < 0.5
        text = rng.choice(templates).format(a=a.phrase if there else absent, on=a.on)
        yield Asked(
            known.article(text), 'yes_no', there, about=(a.name,) if there else ())


def nearest(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Which of two things is nearer to a third, or farther from it."""
    for a, b, c in known.triples(rng, known.whole):
        nearer = _is_nearer(known, a, b, c)
        if nearer is None:
            continue
        far = rng.random() < 0.25
        text = rng.choice(_FARTHEST if far else _NEAREST).format(
            a=a.phrase, b=b.phrase, c=c.phrase)
        yield _one_of(text, (a, b), a if nearer != far else b, c)


def _is_nearer(known: Known, a: Item, b: Item, c: Item) -> bool | None:
    """Whether `a` is nearer to `c` than `b` is; None where one may say so and another not.

    Some look at the nearest points, some at the middles.
    """
    gaps = known.gap(a, c), known.gap(b, c)
    middles = (math.dist(known.center(a), known.center(c)),
               math.dist(known.center(b), known.center(c)))
    clear = all(clear_margin(*pair, LEAST_M, LEAST_SHARE) for pair in (gaps, middles))
    if not clear or (gaps[0] < gaps[1]) != (middles[0] < middles[1]) or not all(
            known.gap_shows(each, c, gap) for each, gap in zip((a, b), gaps)):
        return None
    return gaps[0] < gaps[1]


def extreme(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Which of two or three things is the tallest, shortest or longest."""
    for a, b, c in known.triples(rng, known.whole):
        kind = rng.choice('tslh')
        three = (a, b, c) if kind == 'h' else (a, b)
        if kind == 'l':
            fit = all(known.has_level_sides(each) and known.top_shows(each) for each in three)
        else:
            fit = not any(each.lies or (kind == 's' and each.cornered) for each in three)
        if not fit:
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
        truth: bool | None = None
        texts: tuple[str, ...] = ()
        if near:
            truth, texts = _is_nearer(known, a, b, c), _COMPARE_NEAR
        elif not (a.lies or b.lies):
            texts = _COMPARE_TALL if a.cornered or b.cornered else _COMPARE_SHORT
            tall = known.size(a)[2], known.size(b)[2]
            truth = tall[0] > tall[1] if clear_margin(*tall, LEAST_M, LEAST_SHARE) else None
        if truth is not None:
            text = rng.choice(texts).format(a=a.phrase, b=b.phrase, c=c.phrase)
            yield Asked(text, 'yes_no', truth, about=tuple(
                each.name for each in ((a, b, c) if near else (a, b))))


def limit(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Whether a gap or a height is above or below a limit that it is not near."""
    for a, b in known.pairs(rng, known.whole):
        if rng.random() < 0.4:
            if not a.lies:
                texts = _LIMIT_TALL if a.cornered else _LIMIT_SHORT
                yield from _limit(rng, texts, known.size(a)[2], (a,))
            continue
        gap = known.gap(a, b)
        if gap > 0.04 and known.gap_shows(a, b, gap):
            yield from _limit(rng, _LIMIT_GAP, gap, (a, b))


def _limit(
    rng: random.Random, texts: tuple[tuple[str, bool], ...], value: float, items: tuple[Item, ...],
) -> list[Asked]:
    factor = rng.choice((0.5, 0.7, 1.3, 1.6))
    # as fine as the limits that nobody can tell, as often as not: fineness is no hint to refuse
    limit_cm = max(1.0, round(value * factor * 100, rng.choice((0, 2))))
    if not clear_margin(limit_cm / 100, value, LEAST_M, LEAST_SHARE):
        return []
    text, more = rng.choice(texts)
    names = dict(zip('ab', (each.phrase for each in items)))
    told = f'{limit_cm:.2f} cm'.replace('.00', '')
    return [Asked(
        text.format(limit=told, **names), 'yes_no', (value > limit_cm / 100) == more,
        about=tuple(each.name for each in items))]


def _one_of(text: str, of: tuple[Item, ...], right: Item, *others: Item) -> Asked:
    return Asked(
        text, 'text', right.phrase, options=tuple(each.phrase for each in of),
        about=tuple(each.name for each in (*of, *others)))
