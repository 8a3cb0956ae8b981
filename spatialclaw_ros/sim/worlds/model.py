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


"""A world as a MuJoCo model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

import numpy as np

from spatialclaw_ros.geometry.se3 import matrix_to_quat_xyzw
from spatialclaw_ros.sim.distances import geom_ids
from spatialclaw_ros.sim.engine import mujoco
from spatialclaw_ros.sim.mjcf import MATERIALS, assets, geoms_xml, numbers, object_xml
from spatialclaw_ros.sim.objects import SceneObject
from spatialclaw_ros.sim.worlds.world import Camera, World

OPTICAL_TO_MUJOCO = np.diag([1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True, eq=False)
class WorldModel:
    """A compiled world.

    Args:
        world: what it is of.
        model: MuJoCo's.
        data: its state; `move_to` changes it.
    """

    world: World
    model: mujoco.MjModel
    data: mujoco.MjData
    geoms: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        objects = (*self.world.things, *self.world.fixtures)
        object.__setattr__(
            self, 'geoms', {one.name: geom_ids(self.model, one) for one in objects})

    def move_to(self, stamp_ns: int) -> None:
        """Bring things and cameras to where they are at a stamp."""
        poses = {name: path.at(stamp_ns) for name, path in self.world.motions.items()}
        for camera in self.world.cameras:
            poses[f'camera {camera.name}'] = (
                self.world.T_world_frame(camera.frame, stamp_ns) @ OPTICAL_TO_MUJOCO)
        for name, pose in poses.items():
            place(self.model, self.data, name, pose)
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)

    def owners(self) -> tuple[list[str], np.ndarray]:
        """Names of things and fixtures, and for each geom the place of its owner there."""
        names = list(self.geoms)
        owner = np.full(self.model.ngeom, -1, np.int32)
        for place_of, name in enumerate(names):
            owner[self.geoms[name]] = place_of
        return names, owner


def compile_world(world: World) -> WorldModel:
    """Make the model of a world, at its first view."""
    model = mujoco.MjModel.from_xml_string(_mjcf(world), assets())
    compiled = WorldModel(world, model, mujoco.MjData(model))
    mujoco.mj_forward(model, compiled.data)
    compiled.move_to(world.start_ns)
    return compiled


def moved_xml(thing: SceneObject) -> str:
    """Body of an object that `place` can move."""
    return f'<body name={quoteattr(thing.name)} mocap="true">{geoms_xml(thing)}</body>'


def place(model: mujoco.MjModel, data: mujoco.MjData, body: str, pose: np.ndarray) -> None:
    """Give a movable body a pose (4, 4); `mj_kinematics` then moves its geoms."""
    number = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, body)
    mocap = model.body_mocapid[number]
    x, y, z, w = matrix_to_quat_xyzw(pose[:3, :3])
    data.mocap_pos[mocap] = pose[:3, 3]
    data.mocap_quat[mocap] = w, x, y, z


def _mjcf(world: World) -> str:
    objects = ''.join(
        moved_xml(one) if one.name in world.motions else object_xml(one)
        for one in (*world.things, *world.fixtures))
    cameras = ''.join(_camera_xml(camera) for camera in world.cameras)
    width = max(camera.intrinsics.width for camera in world.cameras)
    height = max(camera.intrinsics.height for camera in world.cameras)
    light = world.light
    window = np.array(light.window)
    target = np.mean([thing.position for thing in world.things], axis=0)
    away = target - window
    ambient, diffuse = light.ambient, 0.44 * light.brightness
    return f'''
<mujoco model="world">
  <compiler angle="radian"/>
  <statistic extent="1" center="{numbers(target)}"/>
  <visual>
    <global offwidth="{width}" offheight="{height}"/>
    <map znear="0.04" zfar="20" shadowscale="0.5"/>
    <quality shadowsize="1024" offsamples="0" numslices="28" numstacks="16"/>
    <headlight ambient="{numbers((ambient,) * 3)}" diffuse="0.20 0.20 0.20" specular="0 0 0"/>
  </visual>
  <asset>
    {MATERIALS}
  </asset>
  <worldbody>
    <light name="window" pos="{numbers(window)}" dir="{numbers(away)}" directional="false"
        diffuse="{numbers((diffuse, 0.97 * diffuse, 0.92 * diffuse))}" specular="0.2 0.2 0.2"
        cutoff="75" exponent="0" attenuation="1 0 0" castshadow="true"/>
    <light name="lamp" pos="{numbers(target + np.array([0.3, -0.9, 1.6]))}" dir="-0.2 0.5 -1"
        directional="false" diffuse="0.10 0.105 0.11" specular="0.1 0.1 0.1" cutoff="80"
        exponent="1" castshadow="false"/>
    {objects}
    {cameras}
  </worldbody>
</mujoco>'''


def _camera_xml(camera: Camera) -> str:
    fovy = math.degrees(2 * math.atan(camera.intrinsics.height / 2 / camera.intrinsics.fy))
    return (f'<body name={quoteattr("camera " + camera.name)} mocap="true">'
            f'<camera name={quoteattr(camera.name)} fovy="{fovy:.9f}"/></body>')
