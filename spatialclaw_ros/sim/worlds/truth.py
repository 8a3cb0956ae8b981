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


"""True answers about a world, from its geometry and never from pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation

from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.sim.distances import TrueDistance, closest, point_distance
from spatialclaw_ros.sim.extents import bounds, reach
from spatialclaw_ros.sim.worlds.model import compile_world
from spatialclaw_ros.sim.worlds.sights import Sight, sights
from spatialclaw_ros.sim.worlds.world import BASE_FRAME, WORLD_FRAME, World


@dataclass(frozen=True)
class Between:
    """Where a thing is with respect to two others.

    Args:
        along: 0 at the centre of the first, 1 at the second's, as it is seen from above.
        aside_m: horizontal distance from the line through both.
        apart_m: horizontal distance of both.
    """

    along: float
    aside_m: float
    apart_m: float


@dataclass(frozen=True)
class Order:
    """Things in order.

    Args:
        names: first to last.
        margin: least step between neighbours, in the unit of what they are ordered by; how far the
            order is from another one.
    """

    names: tuple[str, ...]
    margin: float


class WorldTruth:
    """Answers about one world. A stamp that isn't given is the last view's.

    Points are in `base_link` at that stamp unless another frame is asked for; metres and radians.

    Args:
        world: what is asked about.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._compiled = compile_world(world)

    def center(self, name: str, frame: str = BASE_FRAME, stamp_ns: int | None = None) -> np.ndarray:
        """Middle of an object's upright bounding box, (3,), in a TF frame at a stamp."""
        stamp = self._stamp(stamp_ns)
        low, high = bounds(self.world.object(name))
        middle = transform_points(self.world.T_world_object(name, stamp), (low + high) / 2)
        return transform_points(invert(self.world.T_world_frame(frame, stamp)), middle)

    def size(self, name: str) -> np.ndarray:
        """Length, width (the shorter one) and height of an object itself, (3,)."""
        low, high = bounds(self.world.object(name))
        x, y, z = high - low
        return np.array([max(x, y), min(x, y), z])

    def top(self, name: str, above: str = 'floor') -> float:
        """Height of a thing's highest point (or a support) above a support."""
        return self._level(name, 1.0) - self._level(above, 1.0)

    def bottom(self, name: str, above: str = 'floor') -> float:
        """Height of a thing's lowest point above a support."""
        return self._level(name, -1.0) - self._level(above, 1.0)

    def distance_to_edge(
        self, name: str, support: str = 'table', stamp_ns: int | None = None,
    ) -> float:
        """Horizontal distance from a thing to the nearest edge of a support; negative beyond it."""
        rest = self.world.supports[support]
        thing = self.world.object(name)
        pose = self.world.T_world_object(name, self._stamp(stamp_ns))
        room = []
        for axis, length in zip(rest.axes, rest.size):
            for sign in (-1.0, 1.0):
                out = np.array([*(sign * axis), 0.0])
                far = reach(thing, pose[:3, :3].T @ out) + float(out @ (pose[:3, 3] - rest.center))
                room.append(length / 2 - far)
        return min(room)

    def distance(self, a: str, b: str, stamp_ns: int | None = None) -> TrueDistance:
        """Closest points of two objects' surfaces (`mj_geomDistance`), in `odom`."""
        self._compiled.move_to(self._stamp(stamp_ns))
        geoms = self._compiled.geoms
        return closest(self._compiled.model, self._compiled.data, geoms[a], geoms[b])

    def center_distance(self, a: str, b: str, stamp_ns: int | None = None) -> float:
        """Distance between the centres of two objects."""
        return float(np.linalg.norm(
            self.center(a, WORLD_FRAME, stamp_ns) - self.center(b, WORLD_FRAME, stamp_ns)))

    def distance_to_frame(self, name: str, frame: str, stamp_ns: int | None = None) -> float:
        """Distance from the origin of a TF frame to the centre of an object."""
        return float(np.linalg.norm(self.center(name, frame, stamp_ns)))

    def closest_to_frame(self, name: str, frame: str, stamp_ns: int | None = None) -> float:
        """Distance from the origin of a TF frame to the closest point of an object."""
        stamp = self._stamp(stamp_ns)
        self._compiled.move_to(stamp)
        origin = self.world.T_world_frame(frame, stamp)[:3, 3]
        return min(point_distance(self._compiled.model, self._compiled.data, geom, origin)
                   for geom in self._compiled.geoms[name])

    def nearest(self, to: str, candidates: Sequence[str], stamp_ns: int | None = None) -> Order:
        """Candidates by the closest distance of their surfaces to an object's."""
        return _ordered({one: self.distance(to, one, stamp_ns).distance for one in candidates})

    def on_top_of(self, name: str) -> str:
        """What a thing stands on: 'table', 'floor', ... or another thing."""
        return self.world.stands_on[name]

    def carried(self, name: str) -> tuple[str, ...]:
        """Things that stand directly on an object."""
        return tuple(one for one, under in self.world.stands_on.items() if under == name)

    def count(self, kind: str, on: str | None = None) -> int:
        """How many things of a kind ('red ball') there are, on a support or altogether."""
        return sum(thing.kind == kind and on in (None, self.world.stands_on[thing.name])
                   for thing in self.world.things)

    def between(self, name: str, a: str, b: str, stamp_ns: int | None = None) -> Between:
        """Where a thing is with respect to the line from one thing to another."""
        here, start, stop = (
            self.center(one, WORLD_FRAME, stamp_ns)[:2] for one in (name, a, b))
        apart = float(np.linalg.norm(stop - start))
        along = (stop - start) / apart
        offset = here - start
        return Between(float(offset @ along) / apart,
                       abs(float(along[0] * offset[1] - along[1] * offset[0])), apart)

    def order(
        self, names: Sequence[str], direction: np.ndarray, frame: str = BASE_FRAME,
        stamp_ns: int | None = None,
    ) -> Order:
        """Things by how far their centres lie along a direction (3,) of a frame, least first."""
        unit = np.asarray(direction, np.float64) / np.linalg.norm(direction)
        return _ordered({one: float(unit @ self.center(one, frame, stamp_ns)) for one in names})

    def left_to_right(self, names: Sequence[str], view: int) -> Order:
        """Things from left to right as a view shows them; the margin is in pixels."""
        stamp_ns = self.world.views[view].stamp_ns
        centers = np.array([self.center(one, WORLD_FRAME, stamp_ns) for one in names])
        columns = self.world.pixels(view, centers)[:, 0]
        return _ordered(dict(zip(names, map(float, columns))))

    def displacement(
        self, name: str, frame: str = BASE_FRAME, start_ns: int | None = None,
        stop_ns: int | None = None,
    ) -> np.ndarray:
        """Vector (3,) from where an object or TF frame was to where it is.

        Args:
            name: thing, fixture or TF frame.
            frame: TF frame whose axes, at `start_ns`, the vector is given in.
            start_ns: the first view's when None.
            stop_ns: the last view's when None.
        """
        start, stop = self._span(start_ns, stop_ns)
        moved = self._place(name, stop) - self._place(name, start)
        return np.asarray(self.world.T_world_frame(frame, start)[:3, :3].T @ moved)

    def path_length(
        self, name: str, start_ns: int | None = None, stop_ns: int | None = None,
    ) -> float:
        """Length of the way of a thing, a TF frame, or a camera ('wrist').

        A camera's way is straight from each of its views to its next.
        """
        start, stop = self._span(start_ns, stop_ns)
        if name in self.world.motions:
            return self.world.motions[name].length_m(start, stop)
        stamps = [view.stamp_ns for view in self.world.views if start <= view.stamp_ns <= stop]
        cameras = {camera.name: camera.frame for camera in self.world.cameras}
        if name in cameras:
            stamps = [view.stamp_ns for view in self.world.views
                      if view.camera == name and start <= view.stamp_ns <= stop]
            name = cameras[name]
        if len(stamps) < 2:
            return 0.0
        places = np.array([self._place(name, stamp) for stamp in stamps])
        return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())

    def viewpoint_change(self, first: int, second: int) -> tuple[np.ndarray, float]:
        """From one view to another: shift (3,) in the first one's optical frame, and turn, rad."""
        T_first_second = (
            invert(self.world.T_world_view(first)) @ self.world.T_world_view(second))
        turn = Rotation.from_matrix(T_first_second[:3, :3]).magnitude()
        return T_first_second[:3, 3], float(turn)

    @cached_property
    def sights(self) -> tuple[Mapping[str, Sight], ...]:
        """For each view, how it shows each thing: cut, hidden, by what, how much."""
        return sights(self.world, self._compiled)

    def seen_in(self, name: str, share: float = 0.35) -> tuple[int, ...]:
        """Views in which at least a share of a thing is visible."""
        return tuple(index for index, view in enumerate(self.sights)
                     if view[name].visible >= share)

    def _stamp(self, stamp_ns: int | None) -> int:
        return self.world.end_ns if stamp_ns is None else stamp_ns

    def _span(self, start_ns: int | None, stop_ns: int | None) -> tuple[int, int]:
        return (self.world.start_ns if start_ns is None else start_ns, self._stamp(stop_ns))

    def _place(self, name: str, stamp_ns: int) -> np.ndarray:
        if name in self.world.frames:
            return self.world.T_world_frame(name, stamp_ns)[:3, 3]
        return self.center(name, WORLD_FRAME, stamp_ns)

    def _level(self, name: str, sign: float) -> float:
        """Height of an object's highest (1) or lowest (-1) point, or of a support."""
        if name in self.world.supports:
            return self.world.supports[name].height
        thing = self.world.object(name)
        return float(thing.position[2] + sign * reach(thing, np.array([0.0, 0.0, sign])))


def _ordered(values: Mapping[str, float]) -> Order:
    names = tuple(sorted(values, key=lambda name: values[name]))
    steps = np.diff([values[name] for name in names])
    return Order(names, float(steps.min()) if len(steps) else float('inf'))
