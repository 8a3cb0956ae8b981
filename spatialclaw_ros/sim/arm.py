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

"""The robot's arm, for the eye only: links between the column and the gripper, from their poses."""

from __future__ import annotations

import math

import numpy as np

from spatialclaw_ros.geometry.se3 import make_transform
from spatialclaw_ros.sim.objects import Geom

SHOULDER = np.array([-0.12, 0.0, 1.02])
LINK_M = 0.42
GREY, DARK = (0.80, 0.81, 0.82, 1.0), (0.16, 0.17, 0.19, 1.0)


def arm_geoms(T_base_gripper: np.ndarray) -> list[tuple[np.ndarray, Geom]]:
    """Links of the arm for one pose of the gripper.

    Args:
        T_base_gripper: (4, 4); the gripper's fingers point along its x.

    Returns:
        Pose (4, 4) in `base_link` and geom of each link; always as many, in the same order.
    """
    wrist = T_base_gripper[:3, 3] - 0.05 * T_base_gripper[:3, 0]
    elbow = _elbow(SHOULDER, wrist)
    here = np.eye(4)
    links = [
        (_between(SHOULDER, elbow), Geom('capsule', (0.042, LINK_M / 2), here, GREY)),
        (_between(elbow, wrist), Geom('capsule', (0.034, LINK_M / 2), here, GREY)),
        (_between(elbow, elbow + np.array([0.0, 0.0, 1e-3])), Geom('sphere', (0.052,), here, DARK)),
    ]
    parts = [
        (Geom('box', (0.045, 0.050, 0.030), here, DARK), (0.0, 0.0, 0.0)),
        (Geom('box', (0.045, 0.007, 0.012), here, GREY), (0.085, 0.040, 0.0)),
        (Geom('box', (0.045, 0.007, 0.012), here, GREY), (0.085, -0.040, 0.0)),
        (Geom('box', (0.010, 0.045, 0.012), here, DARK), (0.000, 0.0, 0.060)),
    ]
    for geom, offset in parts:
        links.append((T_base_gripper @ make_transform(np.eye(3), np.array(offset)), geom))
    return links


def _elbow(shoulder: np.ndarray, wrist: np.ndarray) -> np.ndarray:
    """Elbow of two equal links, bent up; a wrist out of reach stretches the arm straight."""
    reach = wrist - shoulder
    distance = float(np.linalg.norm(reach))
    along = reach / distance
    up = np.array([0.0, 0.0, 1.0]) - along[2] * along
    up /= np.linalg.norm(up)
    lift = math.sqrt(max(0.0, LINK_M ** 2 - distance ** 2 / 4))
    return np.asarray(shoulder + reach / 2 + lift * up)


def _between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pose at the middle of a and b with z along them, (4, 4)."""
    z = (b - a) / np.linalg.norm(b - a)
    x = np.cross([0.0, 1.0, 0.0] if abs(z[1]) < 0.9 else [1.0, 0.0, 0.0], z)
    x /= np.linalg.norm(x)
    return make_transform(np.column_stack([x, np.cross(z, x), z]), (a + b) / 2)
