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


"""Closest distances of geoms, from their geometry (`mj_geomDistance`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.sim.engine import mujoco
from spatialclaw_ros.sim.objects import SceneObject

FAR_M = 10.0


@dataclass(frozen=True, eq=False)
class TrueDistance:
    """Closest points of two things.

    Args:
        distance: metres, negative when they overlap.
        point_a: (3,) on the first, in the scene's frame.
        point_b: (3,) on the second.
    """

    distance: float
    point_a: np.ndarray
    point_b: np.ndarray


def geom_ids(model: mujoco.MjModel, thing: SceneObject) -> list[int]:
    """MuJoCo's numbers of an object's geoms."""
    return [geom_id(model, f'{thing.name}/{number}') for number in range(len(thing.geoms))]


def geom_id(model: mujoco.MjModel, name: str) -> int:
    """MuJoCo's number of a geom, -1 when there is none of that name."""
    return int(mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, name))


def closest(
    model: mujoco.MjModel, data: mujoco.MjData, geoms_a: Iterable[int], geoms_b: Iterable[int],
) -> TrueDistance:
    """Closest distance between the surfaces of two sets of geoms.

    Raises:
        ValueError: a set is empty.
    """
    best: TrueDistance | None = None
    line = np.zeros(6)
    others = list(geoms_b)
    for geom_a in geoms_a:
        for geom_b in others:
            distance = mujoco.mj_geomDistance(model, data, geom_a, geom_b, FAR_M, line)
            if best is None or distance < best.distance:
                best = TrueDistance(distance, line[:3].copy(), line[3:].copy())
    if best is None:
        raise ValueError('no geoms to measure between')
    return best


def point_distance(
    model: mujoco.MjModel, data: mujoco.MjData, geom: int, point: np.ndarray,
) -> float:
    """Distance from a point to a geom, metres: the geom against the smallest of balls."""
    pair = mujoco.MjModel.from_xml_string(
        '<mujoco><worldbody><geom type="sphere" size="1e-6"/>'
        '<geom type="sphere" size="1"/></worldbody></mujoco>')
    pair.geom_type[1] = model.geom_type[geom]
    pair.geom_size[1] = model.geom_size[geom]
    pair.geom_rbound[1] = model.geom_rbound[geom]
    state = mujoco.MjData(pair)
    state.geom_xpos[:] = point, data.geom_xpos[geom]
    state.geom_xmat[:] = np.eye(3).ravel(), data.geom_xmat[geom]
    return float(mujoco.mj_geomDistance(pair, state, 0, 1, FAR_M, None)) + 1e-6
