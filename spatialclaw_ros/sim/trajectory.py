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

"""How the simulated robot moves: a wrist camera that swings slowly along an arc over the table.

The motion is a function of the stamp alone and repeats every `period_ns`, so anyone who knows a
stamp knows the true pose, and a recording of one period loops without a jump.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from spatialclaw_ros.geometry.se3 import invert, look_at, make_transform

WORLD_FRAME = 'odom'
BASE_FRAME = 'base_link'
GRIPPER_FRAME = 'gripper_link'
CAMERA_LINK = 'wrist_camera_link'
OPTICAL_FRAME = 'wrist_camera_color_optical_frame'

PERIOD_NS = 10_000_000_000

# Columns are the optical frame's x right, y down, z forward in a link's x forward, y left, z up.
R_link_optical = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
T_camera_optical = make_transform(R_link_optical, np.zeros(3))
T_gripper_camera = make_transform(np.eye(3), np.array([0.02, 0.0, 0.06]))
# The robot has driven a little since odometry began, so that base_link and odom differ.
T_odom_base = make_transform(
    np.array([[math.cos(0.2), -math.sin(0.2), 0.0], [math.sin(0.2), math.cos(0.2), 0.0],
              [0.0, 0.0, 1.0]]), np.array([0.30, -0.10, 0.0]))


@dataclass(frozen=True, eq=False)
class ArcTrajectory:
    """A swing to and fro about a point, always looking at it.

    Args:
        target: (3,) point looked at, `base_link`, metres.
        radius_m: distance of the camera from it.
        elevation_rad: mean angle of the camera above the table.
        nod_rad: how much the elevation changes to either side.
        swing_rad: how far the camera swings to either side.
        period_ns: duration of one whole swing.
    """

    target: np.ndarray = field(default_factory=lambda: np.array([0.86, 0.0, 0.76]))
    radius_m: float = 0.85
    elevation_rad: float = math.radians(43.0)
    nod_rad: float = math.radians(3.0)
    swing_rad: float = math.radians(26.0)
    period_ns: int = PERIOD_NS

    def T_base_optical(self, stamp_ns: int) -> np.ndarray:
        """Pose of the camera's optical frame in `base_link`, (4, 4), at a stamp."""
        phase = 2.0 * math.pi * (stamp_ns % self.period_ns) / self.period_ns
        azimuth = self.swing_rad * math.sin(phase)
        elevation = self.elevation_rad + self.nod_rad * math.cos(phase)
        offset = self.radius_m * np.array([
            -math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth),
            math.sin(elevation)])
        return look_at(self.target + offset, self.target)

    def T_base_gripper(self, stamp_ns: int) -> np.ndarray:
        """Pose of `gripper_link` in `base_link`, (4, 4), at a stamp."""
        return (self.T_base_optical(stamp_ns) @ invert(T_camera_optical)
                @ invert(T_gripper_camera))

    def T_base_frame(self, frame: str, stamp_ns: int) -> np.ndarray:
        """Pose of a named TF frame in `base_link`, (4, 4), at a stamp.

        Raises:
            KeyError: the simulator has no such frame; the message lists those it has.
        """
        T_base_optical = self.T_base_optical(stamp_ns)
        poses = {
            BASE_FRAME: np.eye(4),
            WORLD_FRAME: invert(T_odom_base),
            GRIPPER_FRAME: self.T_base_gripper(stamp_ns),
            CAMERA_LINK: T_base_optical @ invert(T_camera_optical),
            OPTICAL_FRAME: T_base_optical,
        }
        if frame not in poses:
            raise KeyError(f'no frame {frame!r} in the simulation, there are {sorted(poses)}')
        return poses[frame]

    def moving(self, stamp_ns: int) -> dict[tuple[str, str], np.ndarray]:
        """Transforms for `/tf`: (parent, child) to `T_parent_child`, (4, 4)."""
        return {
            (WORLD_FRAME, BASE_FRAME): T_odom_base,
            (BASE_FRAME, GRIPPER_FRAME): self.T_base_gripper(stamp_ns),
        }


def fixed() -> dict[tuple[str, str], np.ndarray]:
    """Transforms for `/tf_static`: (parent, child) to `T_parent_child`, (4, 4)."""
    return {
        (GRIPPER_FRAME, CAMERA_LINK): T_gripper_camera,
        (CAMERA_LINK, OPTICAL_FRAME): T_camera_optical,
    }
