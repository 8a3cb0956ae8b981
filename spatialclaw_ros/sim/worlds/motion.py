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


"""Things that move while they are seen: a ball that rolls, a box that is pushed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from spatialclaw_ros.sim.objects import SceneObject
from spatialclaw_ros.sim.worlds.paths import Path
from spatialclaw_ros.sim.worlds.placing import TRIES, Layout, on
from spatialclaw_ros.sim.worlds.things import placed
from spatialclaw_ros.sim.worlds.world import Support

STEPS = 12
BEND_SHARE = 0.3


def pushed(
    things: Sequence[SceneObject], layout: Layout, support: Support, random: np.random.Generator,
    start_ns: int, stop_ns: int, way_m: tuple[float, float], keep: Sequence[str] = (),
    area: tuple[float, float, float, float] | None = None,
) -> dict[str, Path]:
    """Move one thing along a straight way, or one with a bend, in the middle of the time.

    Args:
        things: all of them, where they stand.
        layout: knows what is in the way.
        support: that the thing moves on.
        random: which, where to.
        start_ns: of the first picture.
        stop_ns: of the last.
        way_m: range of the way's length.
        keep: names that stay where they are.
        area: of the support that it stays in, as in `Layout.scatter`; all of it when None.

    Returns:
        The path of the thing; empty where nothing could move.
    """
    bearing = set(layout.stands_on.values())
    free = [thing for thing in things if layout.stands_on[thing.name] == support.name
            and thing.name not in keep and thing.name not in bearing
            and thing.kind.split()[1] in ('ball', 'box', 'block', 'can', 'cup', 'crate', 'bin')]
    for _ in range(TRIES if free else 0):
        thing = free[int(random.integers(len(free)))]
        way = float(random.uniform(*way_m))
        heading = float(random.uniform(-math.pi, math.pi))
        legs = [way]
        if random.random() < BEND_SHARE:
            first = float(random.uniform(0.4, 0.6)) * way
            legs = [first, way - first]
        turn = float(random.choice([-1.0, 1.0]) * random.uniform(0.6, 1.3))
        points = [thing.position]
        for number, leg in enumerate(legs):
            angle = heading + number * turn
            points.append(
                points[-1] + leg * np.array([math.cos(angle), math.sin(angle), 0.0]))
        inside = area is None or all(_within(point, support, area) for point in points)
        if inside and _clear(thing, points, layout, support):
            return {thing.name: _path(thing, points, legs, start_ns, stop_ns)}
    return {}


def started(
    things: Sequence[SceneObject], motions: Mapping[str, Path],
) -> tuple[SceneObject, ...]:
    """The things where they are at first."""
    return tuple(
        placed(thing, motions[thing.name].poses[0][:3, 3], thing.yaw_rad)
        if thing.name in motions else thing for thing in things)


def _within(
    point: np.ndarray, support: Support, area: tuple[float, float, float, float],
) -> bool:
    local = support.axes @ (point - support.center)[:2]
    return bool((local >= area[:2]).all() and (local <= area[2:]).all())


def _clear(
    thing: SceneObject, points: Sequence[np.ndarray], layout: Layout, support: Support,
) -> bool:
    """Whether a thing passes all others with the layout's gap, and stays on its support."""
    for a, b in itertools.pairwise(points):
        for share in np.linspace(0.0, 1.0, STEPS):
            there = placed(thing, a + share * (b - a), thing.yaw_rad)
            if not (on(support, there) and layout.free(there, support.name)):
                return False
    return True


def _path(
    thing: SceneObject, points: Sequence[np.ndarray], legs: Sequence[float], start_ns: int,
    stop_ns: int,
) -> Path:
    """A steady motion from a fifth to four fifths of the time."""
    shares = np.concatenate([[0.0], np.cumsum(legs)]) / sum(legs)
    stamps_ns = [start_ns + round((0.2 + 0.6 * float(share)) * (stop_ns - start_ns))
                 for share in shares]
    poses = [placed(thing, point, thing.yaw_rad).T_scene_object for point in points]
    return Path.through(stamps_ns, poses)
