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

"""True answers, from the simulator's geometry and never from rendered pixels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.sim.distances import TrueDistance, closest, geom_id, geom_ids, point_distance
from spatialclaw_ros.sim.engine import mujoco
from spatialclaw_ros.sim.extents import bounds, reach
from spatialclaw_ros.sim.objects import SceneObject
from spatialclaw_ros.sim.scene import TABLE_CENTER, TABLE_SIZE, TABLE_TOP_M, Scene
from spatialclaw_ros.sim.trajectory import BASE_FRAME, OPTICAL_FRAME


class Truth:
    """Answers about one scene. Points are in `base_link` unless another frame is asked for.

    Args:
        scene: the scene; its `data` is not changed.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._data = mujoco.MjData(scene.model)
        mujoco.mj_forward(scene.model, self._data)
        self._objects = {thing.name: thing for thing in scene.objects}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the objects on the table."""
        return tuple(self._objects)

    def distance(self, a: str, b: str) -> TrueDistance:
        """Closest distance between the surfaces of two objects (or 'table'), `mj_geomDistance`."""
        return closest(self._scene.model, self._data, self._geom_ids(a), self._geom_ids(b))

    def center(self, name: str, frame: str = BASE_FRAME, stamp_ns: int = 0) -> np.ndarray:
        """Middle of an object's upright bounding box, (3,), in a TF frame at a stamp."""
        thing = self._object(name)
        low, high = bounds(thing)
        middle = transform_points(thing.T_scene_object, (low + high) / 2)
        T_base_frame = self._scene.trajectory.T_base_frame(frame, stamp_ns)
        return transform_points(invert(T_base_frame), middle)

    def size(self, name: str) -> np.ndarray:
        """Length, width (length first, then the shorter one) and height of an object, metres."""
        low, high = bounds(self._object(name))
        x, y, z = high - low
        return np.array([max(x, y), min(x, y), z])

    def height(self, name: str) -> float:
        """Height of an object itself, metres."""
        return float(self.size(name)[2])

    def top_above_floor(self, name: str) -> float:
        """Height of an object's highest point (or the table top) above the floor, metres."""
        if name == 'table':
            return TABLE_TOP_M
        thing = self._object(name)
        return float(thing.position[2] + bounds(thing)[1][2])

    def center_distance(self, a: str, b: str) -> float:
        """Distance between the centres of two objects, metres."""
        return float(np.linalg.norm(self.center(a) - self.center(b)))

    def distance_to_frame(self, name: str, frame: str, stamp_ns: int) -> float:
        """Distance from the origin of a TF frame to the centre of an object, metres."""
        return float(np.linalg.norm(self.center(name, frame, stamp_ns)))

    def closest_to_frame(self, name: str, frame: str, stamp_ns: int) -> float:
        """Distance from the origin of a TF frame to the closest point of an object, metres."""
        T_base_frame = self._scene.trajectory.T_base_frame(frame, stamp_ns)
        return min(
            point_distance(self._scene.model, self._data, geom, T_base_frame[:3, 3])
            for geom in self._geom_ids(name))

    def distance_to_table_edge(self, name: str) -> float:
        """Horizontal distance from an object to the nearest edge of the table top, metres."""
        thing = self._object(name)
        distances = []
        for axis, center, size in zip(range(2), TABLE_CENTER, TABLE_SIZE):
            for sign in (-1.0, 1.0):
                direction = np.zeros(3)
                direction[axis] = sign
                far = reach(thing, thing.T_scene_object[:3, :3].T @ direction)
                far += float(direction @ thing.position)
                distances.append(sign * center + size / 2 - far)
        return min(distances)

    def count(self, kind: str) -> int:
        """How many objects of a kind there are ('orange ball')."""
        return sum(thing.kind == kind for thing in self._objects.values())

    def nearest(self, to: str, candidates: Iterable[str]) -> str:
        """Which candidate's surface is closest to an object's."""
        return min(candidates, key=lambda name: self.distance(to, name).distance)

    def side(self, a: str, b: str, stamp_ns: int) -> str:
        """'left' or 'right': where `a` is of `b`, as the camera sees them."""
        ax = self.center(a, OPTICAL_FRAME, stamp_ns)
        bx = self.center(b, OPTICAL_FRAME, stamp_ns)
        return 'left' if ax[0] / ax[2] < bx[0] / bx[2] else 'right'

    def facts(self) -> dict[str, Any]:
        """All that doesn't move, as JSON-like values: what a recording carries beside it.

        Returns:
            `table_top`, metres; `objects`: name to kind, center (`base_link`), size, top (above
            the floor), table_edge; `closest`: name to name to distance; all in metres.
        """
        names = self.names
        return {
            'table_top': TABLE_TOP_M,
            'objects': {
                name: {
                    'kind': self._object(name).kind,
                    'center': _rounded(self.center(name)),
                    'size': _rounded(self.size(name)),
                    'top': round(self.top_above_floor(name), 5),
                    'table_edge': round(self.distance_to_table_edge(name), 5),
                } for name in names},
            'closest': {
                a: {b: round(self.distance(a, b).distance, 5) for b in names if b != a}
                for a in names},
        }

    def _object(self, name: str) -> SceneObject:
        if name not in self._objects:
            raise KeyError(f'no object {name!r} in the scene, there are {list(self._objects)}')
        return self._objects[name]

    def _geom_ids(self, name: str) -> list[int]:
        model = self._scene.model
        if name == 'table':
            return [geom_id(model, name)]
        return geom_ids(model, self._object(name))


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in values]
