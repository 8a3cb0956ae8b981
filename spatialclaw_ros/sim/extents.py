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


"""How far objects reach: support functions of their primitives, and boxes along their own axes."""

from __future__ import annotations

import math

import numpy as np

from spatialclaw_ros.sim.objects import Geom, SceneObject


def bounds(thing: SceneObject) -> tuple[np.ndarray, np.ndarray]:
    """Corners of an object's box along its own axes, two (3,), in its own frame."""
    axes = np.eye(3)
    high = np.array([reach(thing, axis) for axis in axes])
    low = -np.array([reach(thing, -axis) for axis in axes])
    return low, high


def reach(thing: SceneObject, direction: np.ndarray) -> float:
    """How far an object reaches along a unit direction of its own frame, metres."""
    return max(_geom_reach(geom, direction) for geom in thing.geoms)


def _geom_reach(geom: Geom, direction: np.ndarray) -> float:
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
