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

import numpy as np

from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.sim.distances import TrueDistance, closest, point_distance
from spatialclaw_ros.sim.extents import bounds, reach
from spatialclaw_ros.sim.worlds.model import compile_world
from spatialclaw_ros.sim.worlds.world import BASE_FRAME, World


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
        return self._level(name) - self._level(above)

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

    def level_gap(self, a: str, b: str, stamp_ns: int | None = None) -> float:
        """Distance of two objects seen from above, to 0.2 mm in a metre; negative in each other.

        Each counts as the straight sides round it, from above, between which nothing passes.
        """
        stamp = self._stamp(stamp_ns)
        poses = [self.world.T_world_object(name, stamp) for name in (a, b)]
        things = [self.world.object(name) for name in (a, b)]
        gaps = []
        for turn in np.linspace(0.0, 2 * np.pi, 180, endpoint=False):
            way = np.array([np.cos(turn), np.sin(turn), 0.0])
            far = [float(sign * way @ pose[:3, 3]) + reach(thing, pose[:3, :3].T @ (sign * way))
                   for sign, thing, pose in zip((1.0, -1.0), things, poses)]
            gaps.append(-sum(far))
        return float(max(gaps))

    def closest_to_frame(self, name: str, frame: str, stamp_ns: int | None = None) -> float:
        """Distance from the origin of a TF frame to the closest point of an object."""
        stamp = self._stamp(stamp_ns)
        self._compiled.move_to(stamp)
        origin = self.world.T_world_frame(frame, stamp)[:3, 3]
        return min(point_distance(self._compiled.model, self._compiled.data, geom, origin)
                   for geom in self._compiled.geoms[name])

    def path_length(
        self, name: str, start_ns: int | None = None, stop_ns: int | None = None,
    ) -> float:
        """Length of the way of a thing from one stamp, the first view's when None, to another."""
        if name not in self.world.motions:
            return 0.0
        start = self.world.start_ns if start_ns is None else start_ns
        return self.world.motions[name].length_m(start, self._stamp(stop_ns))

    def _stamp(self, stamp_ns: int | None) -> int:
        return self.world.end_ns if stamp_ns is None else stamp_ns

    def _level(self, name: str) -> float:
        """Height of an object's highest point, or of a support."""
        if name in self.world.supports:
            return self.world.supports[name].height
        thing = self.world.object(name)
        return float(thing.position[2] + reach(thing, np.array([0.0, 0.0, 1.0])))
