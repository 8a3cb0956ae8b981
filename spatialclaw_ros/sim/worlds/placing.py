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


"""Puts things down one by one, so that none touches another."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence

import numpy as np

from spatialclaw_ros.sim.distances import closest, geom_ids
from spatialclaw_ros.sim.engine import mujoco
from spatialclaw_ros.sim.extents import bounds
from spatialclaw_ros.sim.mjcf import MATERIALS, assets, object_xml
from spatialclaw_ros.sim.objects import Geom, SceneObject
from spatialclaw_ros.sim.worlds.model import moved_xml, place
from spatialclaw_ros.sim.worlds.things import placed
from spatialclaw_ros.sim.worlds.world import Support

GAP_M = 0.02
TRIES = 60


class Layout:
    """Where things are so far.

    Args:
        things: all that will be put down, anywhere.
        fixtures: what is there from the beginning.
        gap_m: least distance between two things, or a thing and a fixture beside it.
    """

    def __init__(
        self, things: Sequence[SceneObject], fixtures: Sequence[SceneObject],
        gap_m: float = GAP_M,
    ) -> None:
        self.placed: dict[str, SceneObject] = {}
        self.stands_on: dict[str, str] = {}
        self._gap_m = gap_m
        self._fixtures = tuple(fixtures)
        bodies = ''.join([*map(moved_xml, things), *map(object_xml, fixtures)])
        self._model = mujoco.MjModel.from_xml_string(
            f'<mujoco><compiler angle="radian"/><asset>{MATERIALS}</asset>'
            f'<worldbody>{bodies}</worldbody></mujoco>', assets())
        self._data = mujoco.MjData(self._model)
        mujoco.mj_forward(self._model, self._data)
        self._geoms = {one.name: geom_ids(self._model, one) for one in (*things, *fixtures)}

    def free(self, thing: SceneObject, under: str, apart: Iterable[str] = ()) -> bool:
        """Whether a thing could stand where it is now.

        Args:
            thing: with its pose.
            under: support or thing that it stands on, which it touches.
            apart: names that it may come near.
        """
        place(self._model, self._data, thing.name, thing.T_scene_object)
        mujoco.mj_kinematics(self._model, self._data)
        left_out = {under, thing.name, *apart}
        near = [other for other in (*self.placed.values(), *self._fixtures)
                if other.name not in left_out and not _far(thing, other, self._gap_m)]
        return all(
            closest(self._model, self._data, self._geoms[thing.name],
                    self._geoms[other.name]).distance >= self._gap_m for other in near)

    def put(self, thing: SceneObject, under: str, *, check: bool = True) -> bool:
        """Put a thing down where its pose says, if it is free there."""
        if check and not self.free(thing, under):
            return False
        place(self._model, self._data, thing.name, thing.T_scene_object)
        mujoco.mj_kinematics(self._model, self._data)
        self.placed[thing.name] = thing
        self.stands_on[thing.name] = under
        return True

    def scatter(
        self, thing: SceneObject, support: Support, random: np.random.Generator, *,
        area: tuple[float, float, float, float], yaw_rad: float | None = None,
    ) -> bool:
        """Put a thing somewhere on a support.

        Args:
            thing: at the origin.
            support: that it stands on.
            random: where.
            area: least x and y, greatest x and y of its origin, from the support's middle along
                its own axes, metres.
            yaw_rad: its turn; any when None.

        Returns:
            Whether there was room.
        """
        for _ in range(TRIES):
            x, y = random.uniform(area[:2], area[2:])
            yaw = random.uniform(-math.pi, math.pi) if yaw_rad is None else yaw_rad
            if self.put(placed(thing, support.point(x, y), yaw), support.name):
                return True
        return False

    def at_edge(
        self, thing: SceneObject, support: Support, random: np.random.Generator, *,
        along_m: float,
    ) -> bool:
        """Put a thing beside the edge of a support, at most 4 cm from it.

        Args:
            thing: at the origin.
            support: that it stands on.
            random: which of the long edges, and where.
            along_m: how far from the edge's middle at most.

        Returns:
            Whether there was room.
        """
        for _ in range(TRIES):
            side = float(random.choice([-1.0, 1.0]))
            x = support.size[0] / 2 - radius(thing) - random.uniform(0.0, 0.04)
            here = support.point(side * x, random.uniform(-along_m, along_m))
            if self.put(placed(thing, here, random.uniform(-math.pi, math.pi)), support.name):
                return True
        return False

    def row(
        self, things: Sequence[SceneObject], support: Support, random: np.random.Generator, *,
        area: tuple[float, float, float, float], gap_m: float,
    ) -> bool:
        """Put things down in a straight row, evenly.

        Args:
            things: in the row's order, at the origin.
            support: that they stand on.
            random: where and in which direction.
            area: as for `scatter`, of the row's middle.
            gap_m: between the circles round neighbours.

        Returns:
            Whether there was room.
        """
        pitch = 2 * max(radius(thing) for thing in things) + gap_m
        offsets = (np.arange(len(things)) - (len(things) - 1) / 2) * pitch
        for _ in range(TRIES):
            x, y = random.uniform(area[:2], area[2:])
            turn = random.uniform(-math.pi, math.pi)
            here = [
                placed(thing, support.point(x + off * math.cos(turn), y + off * math.sin(turn)),
                       turn + support.yaw_rad) for thing, off in zip(things, offsets)]
            inside = all(on(support, thing) for thing in here)
            if inside and all(self.free(thing, support.name) for thing in here):
                for thing in here:
                    self.put(thing, support.name, check=False)
                return True
        return False

    def stack(self, thing: SceneObject, base: str, random: np.random.Generator) -> bool:
        """Put a thing on top of another, whole on it.

        Args:
            thing: at the origin.
            base: name of a thing with a level top, put down before.
            random: where on it.

        Returns:
            Whether it found room.
        """
        under = self.placed[base]
        low, high = bounds(under)
        spare = (high - low)[:2] / 2 - radius(thing)
        if (spare < 0).any():
            return False
        top = Support(base, under.T_scene_object[:3, 3] + (0, 0, high[2]),
                      (float(high[0] - low[0]), float(high[1] - low[1])), under.yaw_rad)
        x, y = random.uniform(-spare, spare)
        return self.put(
            placed(thing, top.point(x, y), random.uniform(-math.pi, math.pi)), base)


def radius(thing: SceneObject) -> float:
    """Of the upright cylinder about its origin that holds a thing, metres."""
    return _radius(thing.geoms)


@functools.lru_cache(maxsize=256)
def _radius(geoms: tuple[Geom, ...]) -> float:
    low, high = bounds(SceneObject('', '', geoms, np.zeros(3)))
    return float(np.hypot(*np.maximum(-low, high)[:2]))


def on(support: Support, thing: SceneObject, margin_m: float = 0.0) -> bool:
    """Whether the circle round a thing lies on a support, with a margin to its edge."""
    local = support.axes @ (thing.position - support.center)[:2]
    room = np.array(support.size) / 2 - np.abs(local) - radius(thing)
    return bool((room >= margin_m).all())


def _far(a: SceneObject, b: SceneObject, gap_m: float) -> bool:
    """Whether two things are surely farther apart than a gap: the circles round them are."""
    apart = float(np.hypot(*(a.position - b.position)[:2]))
    return apart - radius(a) - radius(b) > gap_m
