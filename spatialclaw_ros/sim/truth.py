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

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.sim.engine import mujoco
from spatialclaw_ros.sim.objects import Geom, SceneObject
from spatialclaw_ros.sim.scene import TABLE_CENTER, TABLE_SIZE, TABLE_TOP_M, Scene
from spatialclaw_ros.sim.trajectory import BASE_FRAME, OPTICAL_FRAME

FAR_M = 10.0


@dataclass(frozen=True, eq=False)
class TrueDistance:
    """Closest points of two things.

    Args:
        distance: metres, negative when they overlap.
        point_a: (3,) on the first, `base_link`.
        point_b: (3,) on the second, `base_link`.
    """

    distance: float
    point_a: np.ndarray
    point_b: np.ndarray


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
        best: TrueDistance | None = None
        line = np.zeros(6)
        for geom_a in self._geom_ids(a):
            for geom_b in self._geom_ids(b):
                distance = mujoco.mj_geomDistance(
                    self._scene.model, self._data, geom_a, geom_b, FAR_M, line)
                if best is None or distance < best.distance:
                    best = TrueDistance(distance, line[:3].copy(), line[3:].copy())
        if best is None:
            raise ValueError(f'{a!r} and {b!r} have no geoms')
        return best

    def center(self, name: str, frame: str = BASE_FRAME, stamp_ns: int = 0) -> np.ndarray:
        """Middle of an object's upright bounding box, (3,), in a TF frame at a stamp."""
        thing = self._object(name)
        low, high = _bounds(thing)
        middle = transform_points(thing.T_base_object, (low + high) / 2)
        T_base_frame = self._scene.trajectory.T_base_frame(frame, stamp_ns)
        return transform_points(invert(T_base_frame), middle)

    def size(self, name: str) -> np.ndarray:
        """Length, width (length first, then the shorter one) and height of an object, metres."""
        low, high = _bounds(self._object(name))
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
        return float(thing.position[2] + _bounds(thing)[1][2])

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
            self._point_distance(geom, T_base_frame[:3, 3]) for geom in self._geom_ids(name))

    def distance_to_table_edge(self, name: str) -> float:
        """Horizontal distance from an object to the nearest edge of the table top, metres."""
        thing = self._object(name)
        distances = []
        for axis, center, size in zip(range(2), TABLE_CENTER, TABLE_SIZE):
            for sign in (-1.0, 1.0):
                direction = np.zeros(3)
                direction[axis] = sign
                reach = _support(thing, thing.T_base_object[:3, :3].T @ direction)
                reach += float(direction @ thing.position)
                distances.append(sign * center + size / 2 - reach)
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
        kind = mujoco.mjtObj.mjOBJ_GEOM
        names = ['table'] if name == 'table' else [
            f'{name}/{number}' for number in range(len(self._object(name).geoms))]
        return [mujoco.mj_name2id(self._scene.model, kind, geom) for geom in names]

    def _point_distance(self, geom_id: int, point: np.ndarray) -> float:
        """Distance from a point to a geom: the geom against the smallest of balls."""
        model = mujoco.MjModel.from_xml_string(
            '<mujoco><worldbody><geom type="sphere" size="1e-6"/>'
            '<geom type="sphere" size="1"/></worldbody></mujoco>')
        source = self._scene.model
        model.geom_type[1] = source.geom_type[geom_id]
        model.geom_size[1] = source.geom_size[geom_id]
        model.geom_rbound[1] = source.geom_rbound[geom_id]
        data = mujoco.MjData(model)
        data.geom_xpos[:] = point, self._data.geom_xpos[geom_id]
        data.geom_xmat[:] = np.eye(3).ravel(), self._data.geom_xmat[geom_id]
        return float(mujoco.mj_geomDistance(model, data, 0, 1, FAR_M, None)) + 1e-6


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in values]


def _bounds(thing: SceneObject) -> tuple[np.ndarray, np.ndarray]:
    """Corners of an object's box along its own axes, two (3,), in its own frame."""
    axes = np.eye(3)
    high = np.array([_support(thing, axis) for axis in axes])
    low = -np.array([_support(thing, -axis) for axis in axes])
    return low, high


def _support(thing: SceneObject, direction: np.ndarray) -> float:
    """How far an object reaches along a unit direction of its own frame, metres."""
    return max(_geom_support(geom, direction) for geom in thing.geoms)


def _geom_support(geom: Geom, direction: np.ndarray) -> float:
    """Support function of a primitive, in its object's frame."""
    local = geom.T_object_geom[:3, :3].T @ direction
    at = float(direction @ geom.T_object_geom[:3, 3])
    size = np.array(geom.size)
    if geom.type == 'sphere':
        return at + size[0]
    if geom.type == 'box':
        return at + float(size @ np.abs(local))
    if geom.type == 'ellipsoid':
        return at + float(np.linalg.norm(size * local))
    if geom.type == 'capsule':
        return at + size[1] * abs(float(local[2])) + size[0]
    if geom.type == 'cylinder':
        return at + size[1] * abs(float(local[2])) + size[0] * math.hypot(local[0], local[1])
    raise ValueError(f'no support function for a {geom.type}')
