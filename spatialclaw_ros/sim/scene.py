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

"""The simulated room: a table with household objects, and a robot with a camera on its wrist.

MuJoCo's own frame is `base_link` (x forward to the table, y left, z up, floor at z = 0).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import look_at, matrix_to_quat_xyzw
from spatialclaw_ros.sim import objects
from spatialclaw_ros.sim.arm import arm_geoms
from spatialclaw_ros.sim.engine import mujoco
from spatialclaw_ros.sim.mjcf import MATERIALS, assets, geom_xml, numbers, object_xml
from spatialclaw_ros.sim.objects import SceneObject
from spatialclaw_ros.sim.trajectory import ArcTrajectory

CAMERA_NAME = 'wrist'
OVERVIEW_NAME = 'overview'
OVERVIEW_EYE, OVERVIEW_TARGET = (-0.70, -1.45, 1.70), (0.46, 0.02, 0.93)
WIDTH, HEIGHT = 640, 480
FOCAL_PX = 580.0

TABLE_TOP_M = 0.74
TABLE_CENTER = (0.90, 0.0)
TABLE_SIZE = (0.80, 1.20, 0.035)

RED, BLUE, GREEN = (0.72, 0.05, 0.05), (0.05, 0.16, 0.62), (0.06, 0.45, 0.10)
YELLOW, PURPLE, ORANGE = (0.90, 0.72, 0.04), (0.36, 0.12, 0.50), (0.93, 0.36, 0.03)
WHITE = (0.90, 0.90, 0.88)


@dataclass(frozen=True, eq=False)
class Scene:
    """A compiled scene.

    Args:
        model: MuJoCo model.
        data: its state; `move_to` changes it.
        objects: what stands on the table.
        trajectory: how the camera moves.
        camera: intrinsics of the wrist camera.
    """

    model: mujoco.MjModel
    data: mujoco.MjData
    objects: tuple[SceneObject, ...]
    trajectory: ArcTrajectory
    camera: PinholeCamera

    def move_to(self, stamp_ns: int) -> None:
        """Bring the arm and the camera to where they are at a stamp."""
        T_base_optical = self.trajectory.T_base_optical(stamp_ns)
        poses = [T_base_optical @ np.diag([1.0, -1.0, -1.0, 1.0])]
        poses += [pose for pose, _ in arm_geoms(self.trajectory.T_base_gripper(stamp_ns))]
        for mocap, pose in enumerate(poses):
            x, y, z, w = matrix_to_quat_xyzw(pose[:3, :3])
            self.data.mocap_pos[mocap] = pose[:3, 3]
            self.data.mocap_quat[mocap] = w, x, y, z
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)


def tabletop() -> tuple[SceneObject, ...]:
    """Objects of the demo's scene."""
    def on_table(x: float, y: float) -> np.ndarray:
        return np.array([x, y, TABLE_TOP_M])

    return (
        objects.mug('red mug', RED, on_table(0.77, -0.11), math.radians(-105)),
        objects.box('blue box', BLUE, (0.13, 0.08, 0.10), on_table(0.87, 0.11), math.radians(25)),
        objects.ball('green ball', GREEN, 0.040, on_table(0.68, 0.10)),
        objects.bottle('yellow bottle', YELLOW, on_table(1.03, -0.07)),
        objects.book(
            'purple book', PURPLE, (0.21, 0.15, 0.035), on_table(1.05, 0.26), math.radians(12)),
        objects.plate('white plate', WHITE, 0.100, on_table(0.92, -0.30)),
        *(objects.ball(f'orange ball {number}', ORANGE, 0.033, on_table(*xy), 'orange ball')
          for number, xy in enumerate([(0.76, 0.29), (0.64, -0.24), (1.06, 0.015)], start=1)),
    )


def make_scene(
    things: Sequence[SceneObject] | None = None, trajectory: ArcTrajectory | None = None, *,
    fine: bool = False,
) -> Scene:
    """Build the scene.

    Args:
        things: what stands on the table; the demo's objects when None.
        trajectory: how the camera moves; the demo's arc when None.
        fine: draw smooth edges and sharp shadows, slowly: for pictures, not for depth.
    """
    things = tabletop() if things is None else tuple(things)
    trajectory = ArcTrajectory() if trajectory is None else trajectory
    xml = _mjcf(things, trajectory)
    model = mujoco.MjModel.from_xml_string(xml, assets())
    if fine:
        model.vis.quality.shadowsize = 4096
        model.vis.quality.offsamples = 4
    camera = PinholeCamera(
        WIDTH, HEIGHT, FOCAL_PX, FOCAL_PX, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    scene = Scene(model, mujoco.MjData(model), things, trajectory, camera)
    mujoco.mj_forward(model, scene.data)
    scene.move_to(0)
    return scene


def _mjcf(things: Sequence[SceneObject], trajectory: ArcTrajectory) -> str:
    """Whole scene as MJCF text."""
    fovy = math.degrees(2 * math.atan(HEIGHT / 2 / FOCAL_PX))
    bodies = ''.join(object_xml(thing) for thing in things)
    arm = ''.join(
        f'<body name="arm{number}" mocap="true">{geom_xml("", geom)}</body>'
        for number, (_, geom) in enumerate(arm_geoms(trajectory.T_base_gripper(0))))
    overview = look_at(np.array(OVERVIEW_EYE), np.array(OVERVIEW_TARGET))[:3, :3]
    return f'''
<mujoco model="tabletop">
  <compiler angle="radian"/>
  <statistic extent="1" center="0.8 0 0.7"/>
  <visual>
    <global offwidth="1280" offheight="960"/>
    <map znear="0.04" zfar="20" shadowscale="0.37"/>
    <quality shadowsize="1024" offsamples="0" numslices="28" numstacks="16"/>
    <headlight ambient="0.32 0.32 0.33" diffuse="0.16 0.16 0.16" specular="0 0 0"/>
  </visual>
  <asset>
    {MATERIALS}
  </asset>
  <worldbody>
    <light name="window" pos="0.2 1.3 2.4" dir="0.70 -1.30 -1.66" directional="false"
        diffuse="0.66 0.64 0.60" specular="0.3 0.3 0.3" cutoff="75" exponent="0"
        attenuation="1 0 0" castshadow="true"/>
    <light name="lamp" pos="1.2 -0.9 2.3" dir="-0.2 0.5 -1" directional="false"
        diffuse="0.20 0.21 0.23" specular="0.1 0.1 0.1" cutoff="80" exponent="1"
        castshadow="false"/>
    {_room_xml()}
    {_table_xml()}
    {bodies}
    <body name="wrist_camera" mocap="true">
      <camera name="{CAMERA_NAME}" fovy="{fovy:.9f}"/>
    </body>
    {arm}
    <geom type="cylinder" size="0.20 0.14" pos="-0.12 0 0.16" rgba="0.22 0.23 0.25 1"/>
    <geom type="cylinder" size="0.075 0.35" pos="-0.12 0 0.65" rgba="0.80 0.81 0.82 1"/>
    <camera name="{OVERVIEW_NAME}" pos="{numbers(OVERVIEW_EYE)}" fovy="40"
        xyaxes="{numbers([*overview[:, 0], *-overview[:, 1]])}"/>
  </worldbody>
</mujoco>'''


def _room_xml() -> str:
    """Floor, two walls with skirting boards, and a grey cabinet."""
    return '''
    <geom name="floor" type="plane" size="3 3 0.1" pos="0.8 0 0" material="tiles"/>
    <geom name="wall_front" type="box" size="0.02 3 1.3" pos="2.6 0 1.3" material="plaster"/>
    <geom name="wall_left" type="box" size="3 0.02 1.3" pos="0.8 2.6 1.3" material="plaster"/>
    <geom name="skirting" type="box" size="0.01 3 0.05" pos="2.57 0 0.05" rgba="0.7 0.7 0.7 1"/>
    <geom name="cabinet" type="box" size="0.20 0.55 0.42" pos="2.30 0.2 0.42"
        rgba="0.62 0.63 0.64 1"/>'''


def _table_xml() -> str:
    """Table top and four legs."""
    x, y = TABLE_CENTER
    length, width, thickness = TABLE_SIZE
    leg_height = TABLE_TOP_M - thickness
    top = (f'<geom name="table" type="box" size="{length / 2} {width / 2} {thickness / 2}" '
           f'pos="{x} {y} {TABLE_TOP_M - thickness / 2}" material="wood"/>')
    legs = ''.join(
        f'<geom type="box" size="0.025 0.025 {leg_height / 2}" rgba="0.42 0.32 0.24 1" '
        f'pos="{x + sx * (length / 2 - 0.05)} {y + sy * (width / 2 - 0.05)} {leg_height / 2}"/>'
        for sx in (-1, 1) for sy in (-1, 1))
    return top + legs
