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


"""What doesn't move: floor, walls, tables, a door, a shelf, a cabinet; and the light on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.sim.objects import Geom, SceneObject
from spatialclaw_ros.sim.worlds.things import Rgb, block, placed, solid
from spatialclaw_ros.sim.worlds.world import Light, Support

ROOM_M, WALL_M = 7.0, 2.6
FLOOR = Support('floor', np.zeros(3), (ROOM_M, ROOM_M))
WHITE, LEG = (1.0, 1.0, 1.0, 1.0), (0.42, 0.32, 0.24, 1.0)
TOP_M = 0.035


@dataclass(frozen=True)
class Finish:
    """How a surface looks.

    Args:
        material: of MJCF.
        rgba: tint.
        like: colours of things that would hardly stand out from it.
    """

    material: str
    rgba: tuple[float, float, float, float]
    like: tuple[str, ...] = ()


DESKS: Mapping[str, Finish] = {
    'wood': Finish('wood', WHITE),
    'dark wood': Finish('wood', (0.62, 0.56, 0.52, 1.0), ('black',)),
    'light grey': Finish('matt', (0.60, 0.60, 0.59, 1.0), ('white',)),
    'dark grey': Finish('matt', (0.22, 0.22, 0.23, 1.0), ('black',)),
}
PAINTS: tuple[Rgb, ...] = ((0.72, 0.709, 0.684), (0.65, 0.685, 0.71), (0.685, 0.69, 0.65))
"""Of walls."""


def shell(random: np.random.Generator) -> tuple[SceneObject, ...]:
    """Floor and four walls with skirting boards."""
    half, paint = ROOM_M / 2, (*PAINTS[int(random.integers(len(PAINTS)))], 1.0)
    floor = solid('floor', [block((-half, -half, -0.1), (half, half, 0.0), WHITE, 'tiles')])
    walls = []
    for thick, height, rgba in ((0.04, WALL_M, paint), (0.055, 0.10, (0.70, 0.70, 0.70, 1.0))):
        for side in (-1, 1):
            near, far = sorted((side * (half - thick + 0.04), side * (half + 0.04)))
            walls.append(block((near, -half, 0), (far, half, height), rgba, 'plaster'))
            walls.append(block((-half, near, 0), (half, far, height), rgba, 'plaster'))
    return floor, solid('wall', walls)


def table(top: Support, finish: Finish) -> SceneObject:
    """A table with four legs; its first geom is the top."""
    x, y, z = top.size[0] / 2, top.size[1] / 2, top.height
    geoms = [block((-x, -y, z - TOP_M), (x, y, z), finish.rgba, finish.material)]
    geoms += [
        block((sx * (x - 0.05) - 0.025, sy * (y - 0.05) - 0.025, 0),
              (sx * (x - 0.05) + 0.025, sy * (y - 0.05) + 0.025, z - TOP_M), LEG)
        for sx in (-1, 1) for sy in (-1, 1)]
    return _standing(solid(top.name, geoms), top)


def shelf(top: Support) -> SceneObject:
    """Shelves with two boards below the top and a back; they are open to their own -x."""
    x, y, z, board = top.size[0] / 2, top.size[1] / 2, top.height, 0.02
    wood: tuple[tuple[float, float, float, float], str] = ((0.90, 0.84, 0.76, 1.0), 'wood')
    geoms: list[Geom] = [
        block((-x, -y, level - board), (x, y, level), *wood)
        for level in (0.08, z / 2 + 0.04, z)]
    geoms += [block((-x, side * y - (board if side > 0 else 0), 0),
                    (x, side * y + (board if side < 0 else 0), z), *wood) for side in (-1, 1)]
    geoms.append(block((x - 0.01, -y, 0), (x, y, z), *wood))
    return _standing(solid(top.name, geoms), top)


def cabinet(top: Support) -> SceneObject:
    """A plain grey cabinet with two doors, which face its own -x."""
    x, y, z = top.size[0] / 2, top.size[1] / 2, top.height
    grey, dark = (0.56, 0.57, 0.58, 1.0), (0.35, 0.36, 0.37, 1.0)
    return _standing(solid(top.name, [
        block((-x + 0.02, -y, 0), (x, y, z), grey),
        block((-x, -y + 0.01, 0.06), (-x + 0.02, -0.004, z - 0.01), grey),
        block((-x, 0.004, 0.06), (-x + 0.02, y - 0.01, z - 0.01), grey),
        block((-x - 0.02, -0.03, z / 2), (-x, -0.015, z / 2 + 0.14), dark),
        block((-x - 0.02, 0.015, z / 2), (-x, 0.03, z / 2 + 0.14), dark)]), top)


def door(center: tuple[float, float], yaw_rad: float, width: float, height: float) -> SceneObject:
    """A closed brown door that stands 4 cm before a wall, with its handle; it faces its own -x."""
    brown, dark = (0.50, 0.31, 0.17, 1.0), (0.30, 0.30, 0.31, 1.0)
    leaf = solid('door', [
        block((-0.04, -width / 2, 0), (0, width / 2, height), brown),
        block((-0.09, width / 2 - 0.20, 1.02), (-0.04, width / 2 - 0.07, 1.05), dark)])
    return placed(leaf, np.array([*center, 0.0]), yaw_rad)


def light(
    random: np.random.Generator, target: np.ndarray, bearing_rad: float, away_m: float,
    above_m: float,
) -> Light:
    """A high window on one side of what is looked at.

    Right below a lamp MuJoCo's shadows are striped, so lamps stand aside. It knows no gamma: what
    is in the shade gets, in its colour values, more than the light that it would get.

    Args:
        random: where it is, about, and how bright.
        target: (3,) what is looked at.
        bearing_rad: of the lamp as seen from there.
        away_m: horizontal distance, about.
        above_m: height over the target, about.
    """
    angle = bearing_rad + random.uniform(-1.2, 1.2)
    away, above = away_m * random.uniform(0.9, 1.1), above_m * random.uniform(0.9, 1.1)
    window = (float(target[0] + away * np.cos(angle)), float(target[1] + away * np.sin(angle)),
              float(target[2] + above))
    return Light(window, float(random.uniform(0.85, 1.1)), float(random.uniform(0.50, 0.58)))


def _standing(thing: SceneObject, top: Support) -> SceneObject:
    return placed(thing, np.array([*top.center[:2], 0.0]), top.yaw_rad)
