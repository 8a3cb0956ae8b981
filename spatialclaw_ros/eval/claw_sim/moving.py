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



"""Families about motion, and about the way to something."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from spatialclaw_ros.eval.claw_sim.asked import Asked, metres
from spatialclaw_ros.eval.claw_sim.known import Known
from spatialclaw_ros.eval.claw_sim.layout import Offset

MOVED_M, STILL_M = 0.06, 0.001
BEND_M, BEND_SHARE = 0.02, 0.03
"""How much longer than the straight way a path must be: by more than an answer may be off."""
STILL_SHARE = 0.15
"""Of the worlds in which nothing moves: "no" shall be right about as often as "yes"."""
_FAR = (
    'How far did the {a} move?',
    'How far has the {a} moved?',
    'How much did the {a} move?',
    'What distance did the {a} travel?',
)
_PATH = (
    'How long is the path that the {a} took?',
    'What is the length of the path of the {a}?',
    'How long was the way that the {a} went, all in all?',
)
_DID = ('Did the {a} move?', 'Has the {a} moved?')
_WAY = (
    'Which way did the {a} move?',
    'In which direction did the {a} move?',
    'Which way did the {a} go, as seen from the camera?',
)
_BEARING = ('At what angle is the {a} from the camera?',
            'What is the bearing of the {a} from the camera?')
_BEARING_FROM = ('What is the bearing of the {a} from the robot?',
                 'How many degrees must the robot turn to face the {a}?')


def moved_distance(known: Known, rng: random.Random) -> Iterator[Asked]:
    """How far a thing went in the time that the views span."""
    for a in known.shuffled(rng, known.tracked):
        far = math.dist(*known.ends(a))
        if far >= MOVED_M and abs(known.path_length(a) - far) < 0.005:
            yield Asked(
                rng.choice(_FAR).format(a=a.phrase), 'number', metres(far), 'm',
                about=(a.name,), measure='moved')


def path_length(known: Known, rng: random.Random) -> Iterator[Asked]:
    """How long the path is that a thing took, where it has a bend and the pictures show it."""
    for a in known.shuffled(rng, known.tracked):
        far = known.path_length(a)
        bent = far - math.dist(*known.ends(a)) > max(BEND_M, BEND_SHARE * far)
        if far >= MOVED_M and bent and far - known.path_shown(a) <= max(0.01, 0.02 * far):
            yield Asked(
                rng.choice(_PATH).format(a=a.phrase), 'number', metres(far), 'm',
                about=(a.name,), measure='path')


def did_it_move(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Whether a thing moved; without TF only where the camera did not."""
    if not known.has_tf and any(camera.moves for camera in known.world.cameras):
        return
    movers = known.shuffled(rng, known.tracked)
    if not movers and rng.random() > STILL_SHARE:
        return
    still = known.shuffled(rng, known.whole)[:max(1, len(movers))]
    for a in [each for pair in zip(movers, still) for each in pair] or still:
        far = math.dist(*known.ends(a))
        if (far >= MOVED_M or far <= STILL_M) and len(known.stamps) > 1:
            yield Asked(rng.choice(_DID).format(a=a.phrase), 'yes_no', far >= MOVED_M,
                        about=(a.name,))


def direction(known: Known, rng: random.Random) -> Iterator[Asked]:
    """Which way a thing moved, as the camera sees it now."""
    for a in known.shuffled(rng, known.tracked):
        start, end = known.ends(a)
        ways = {_way(known.seen_as(view, start, end)) for view in known.last_views}
        if math.dist(start, end) >= MOVED_M and len(ways) == 1 and '' not in ways:
            yield Asked(
                rng.choice(_WAY).format(a=a.phrase), 'text', ways.pop(),
                options=('left', 'right', 'towards', 'away'), about=(a.name,))


def _way(offset: Offset) -> str:
    left, away = offset.left_m, offset.away_m
    if abs(left) > 2 * abs(away):
        return 'left' if left > 0 else 'right'
    if abs(away) > 2 * abs(left) and not offset.from_above:
        return 'away' if away > 0 else 'towards'
    return ''


def bearing(known: Known, rng: random.Random) -> Iterator[Asked]:
    """At what horizontal angle a thing is, from the camera or from the robot; left is positive."""
    for a in known.shuffled(rng, [each for each in known.whole if each.centred]):
        if len(known.cameras) > 1 and not known.has_tf:
            return
        from_robot = known.has_tf and (len(known.cameras) > 1 or rng.random() < 0.5)
        angle, reach = known.bearing(a, from_robot=from_robot)
        if reach > 0.25 and abs(angle) < 2.5:
            text = rng.choice(_BEARING_FROM if from_robot else _BEARING).format(a=a.phrase)
            yield Asked(text, 'number', round(angle, 4), 'rad', about=(a.name,))
