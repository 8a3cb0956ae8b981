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



"""Families whose answer is a measure in metres, or a point."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator

from spatialclaw_ros.eval.claw_sim.asked import Asked, metres
from spatialclaw_ros.eval.claw_sim.known import Known
from spatialclaw_ros.eval.claw_sim.naming import Item

_GAP = (
    'How far is the {a} from the {b}?',
    'What is the closest distance between the {a} and the {b}?',
    'How wide is the gap between the {a} and the {b}?',
    'How much space is there between the {a} and the {b}?',
    'What is the shortest distance from the {a} to the {b}?',
    'How many centimetres are there between the {a} and the {b}?',
    'How close is the {a} to the {b}?',
)
_CENTERS = (
    'How far apart are the centres of the {a} and the {b}?',
    'What is the distance between the centre of the {a} and the centre of the {b}?',
    'What is the center-to-center distance between the {a} and the {b}?',
    'How far is the middle of the {a} from the middle of the {b}?',
)
_EDGE = (
    'How far is the {a} from the edge of the table?',
    "How far is the {a} from the table's edge?",
    'What is the distance between the {a} and the edge of the table?',
    'How close is the {a} to the nearest edge of the table?',
)
_FRAME = (
    'How far is the centre of the {a} from the {frame}?',
    'What is the distance between the {frame} and the centre of the {a}?',
    'How far is the middle of the {a} from the {frame}?',
)
_CAMERA = (
    'How far is the {a} from the camera?',
    'How far away is the {a}?',
    'What is the distance to the {a}?',
)
_POINT = (
    'Where is the {a} relative to {frame}?',
    'What is the position of the {a} in the {frame} frame?',
    'What are the coordinates of the {a} in the {frame} frame?',
)
_TALL = (
    'How tall is the {a}?',
    'What is the height of the {a}?',
    "What is the {a}'s height?",
    'How many centimetres tall is the {a}?',
)
_THICK = ('How thick is the {a}?',)
_LONG = ('How long is the {a}?', 'What is the length of the {a}?')
_WIDE = ('How wide is the {a}?', 'What is the width of the {a}?')
_ROUND = ('What is the diameter of the {a}?',)
_TOP = (
    'How high is the top of the {a} above the {surface}?',
    'How far above the {surface} is the top of the {a}?',
)
_TABLE_TOP = (
    'How high is the table?',
    'How high is the table top above the floor?',
    'What is the height of the table above the floor?',
)


def closest_distance(known: Known, rng: random.Random) -> Iterator[Asked]:
    """How far two things are apart, between the closest points, where a view shows both."""
    for a, b in known.pairs(rng, known.whole):
        gap = known.gap(a, b)
        if gap >= 0.015 and known.gap_shows(a, b, gap):
            text = rng.choice(_GAP).format(a=a.phrase, b=b.phrase)
            yield Asked(
                text, 'number', metres(gap), 'm', about=(a.name, b.name), measure='gap')


def center_distance(known: Known, rng: random.Random) -> Iterable[Asked]:
    """How far the middles of two things are apart."""
    return [
        Asked(rng.choice(_CENTERS).format(a=a.phrase, b=b.phrase), 'number',
              metres(math.dist(known.center(a), known.center(b))), 'm', about=(a.name, b.name),
              measure='centers')
        for a, b in known.pairs(rng, _centred(known))]


def _centred(known: Known) -> list[Item]:
    return [each for each in known.whole if each.centred]


def edge_distance(known: Known, rng: random.Random) -> Iterator[Asked]:
    """How far a thing is from the edge of the table that it stands on."""
    for a in known.shuffled(rng, known.whole):
        edge = known.edge(a)
        if edge is not None and edge >= 0.015 and known.edge_shows(a, edge):
            yield Asked(
                rng.choice(_EDGE).format(a=a.phrase), 'number', metres(edge), 'm',
                about=(a.name,), measure='edge')


def frame_distance(known: Known, rng: random.Random) -> Iterator[Asked]:
    """How far a thing's middle is from a TF frame."""
    for a in known.shuffled(rng, _centred(known)) if known.frame_words else []:
        word, frame = rng.choice(known.frame_words)
        yield Asked(
            rng.choice(_FRAME).format(a=a.phrase, frame=word), 'number',
            metres(math.hypot(*known.center(a, frame))), 'm', about=(a.name,), measure='frame',
            detail=frame)


def camera_distance(known: Known, rng: random.Random) -> Iterable[Asked]:
    """How far a thing is from the robot's only camera, as it is now."""
    if len(known.cameras) > 1:
        return []
    return [
        Asked(rng.choice(_CAMERA).format(a=a.phrase), 'number', metres(known.from_camera(a)), 'm',
              about=(a.name,), measure='camera')
        for a in known.shuffled(rng, known.whole) if known.shows_nearest(a)]


def position(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Where a thing's middle is in a TF frame."""
    for a in known.shuffled(rng, _centred(known)) if known.frame_words else []:
        _, frame = rng.choice(known.frame_words)
        yield Asked(
            rng.choice(_POINT).format(a=a.phrase, frame=frame), 'point',
            tuple(metres(x) for x in known.center(a, frame)), 'm', frame, about=(a.name,),
            measure='point', detail=frame)


def size(known: Known, rng: random.Random) -> Iterator[Asked]:
    """How tall, long, wide or thick a thing is."""
    for a in known.shuffled(rng, known.whole):
        length, width, height = known.size(a)
        kinds: list[tuple[tuple[str, ...], float, str]] = []
        if height > 0.03:
            kinds.append((_THICK if a.lies else _TALL, height, 'height'))
        if a.round:
            kinds.append((_ROUND, width, 'diameter'))
        elif known.has_level_sides(a) and known.top_shows(a):
            if length > width + 0.03:
                kinds.append((_LONG, length, 'length'))
            kinds.append((_WIDE, width, 'width'))
        if kinds:
            texts, value, what = rng.choice(kinds)
            yield Asked(
                rng.choice(texts).format(a=a.phrase), 'number', metres(value), 'm',
                about=(a.name,), measure='size', detail=what)


def height(known: Known, rng: random.Random) -> Iterator[Asked]:
    """How high a top is over the floor or over the table."""
    shown = [surface for surface in known.surfaces if known.shows_surface(surface)]
    if len(shown) == 2 and rng.random() < 0.3:
        yield Asked(rng.choice(_TABLE_TOP), 'number', metres(known.level('table')), 'm',
                    measure='level', detail='table')
    for a in known.shuffled(rng, known.whole) if shown else []:
        surface = rng.choice(shown)
        if (surface != 'table' or a.on == 'table') and known.top_shows(a):
            yield Asked(
                rng.choice(_TOP).format(a=a.phrase, surface=surface), 'number',
                metres(known.top(a) - known.level(surface)), 'm', about=(a.name,),
                measure='top', detail=surface)
