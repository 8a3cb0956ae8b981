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


"""Looks at a world: the `Observation` that the node would make of it, and true masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.geometry.se3 import invert
from spatialclaw_ros.sim.engine import mujoco
from spatialclaw_ros.sim.render import Canvas, find_backend
from spatialclaw_ros.sim.worlds.model import WorldModel, compile_world
from spatialclaw_ros.sim.worlds.outlines import outline
from spatialclaw_ros.sim.worlds.settings import Setting
from spatialclaw_ros.sim.worlds.world import BASE_FRAME, WORLD_FRAME, Camera, World
from spatialclaw_ros.workspace.observation import Frame, Observation

DEPTH, MOUNT, SHAKE, OWN = range(4)
"""What chance is used for."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen of a world.

    Args:
        observation: as the node would make it.
        masks: for each frame, name of each thing and fixture in it to its pixels, (H, W) bool;
            what shows nowhere in a frame is not in its mapping.
        visible: for each frame, name of each thing to the share of its outline that is inside the
            picture and not hidden by others, 0 to 1.
    """

    observation: Observation
    masks: tuple[Mapping[str, np.ndarray], ...]
    visible: tuple[Mapping[str, float], ...]


def look(world: World, setting: Setting) -> Seen:
    """See a world from all its views; the same again for the same world and setting.

    Raises:
        DependencyError: neither EGL nor OSMesa draws here; the message says what to install.
    """
    compiled = compile_world(world)
    camera = world.cameras[0].intrinsics
    canvas = Canvas(compiled.model, find_backend(), camera.width, camera.height)
    try:
        taken = [_look_once(compiled, canvas, setting, index) for index in range(len(world.views))]
    finally:
        canvas.close()
    frames, masks, visible = (tuple(part) for part in zip(*taken))
    observation = Observation(
        frames, '' if setting.without_tf else WORLD_FRAME,
        {} if setting.without_tf else _transforms(world, setting),
        _missing(world, setting), '' if setting.without_tf else BASE_FRAME)
    return Seen(observation, masks, visible)


def _look_once(
    compiled: WorldModel, canvas: Canvas, setting: Setting, index: int,
) -> tuple[Frame, Mapping[str, np.ndarray], Mapping[str, float]]:
    world, view = compiled.world, compiled.world.views[index]
    camera = world.camera(view.camera)
    compiled.move_to(view.stamp_ns)
    camera_id = mujoco.mj_name2id(compiled.model, mujoco.mjtObj.mjOBJ_CAMERA, camera.name)
    image, exact = canvas.draw(compiled.data, camera_id)
    depth_m = None if setting.without_depth else setting.depth.measure(
        exact, image, camera.intrinsics, setting.random(world.seed, DEPTH, index),
        setting.random(world.seed, OWN, world.cameras.index(camera)))
    frame = Frame(
        index, camera.name, view.stamp_ns, camera.frame, image, depth_m,
        None if setting.without_camera_info else camera.intrinsics,
        None if setting.without_tf else _told(world, setting, camera, index))
    masks = _masks(compiled, canvas.draw_ids(compiled.data, camera_id))
    visible = {
        thing.name: _share(world, index, thing.name, masks.get(thing.name))
        for thing in world.things}
    return frame, masks, visible


def _told(world: World, setting: Setting, camera: Camera, index: int) -> np.ndarray:
    """Pose of a camera's optical frame in `odom` at a view's stamp, as TF has it, (4, 4)."""
    number = world.cameras.index(camera)
    true = world.T_world_frame(camera.frame, world.views[index].stamp_ns)
    mount = setting.tf.mount(setting.random(world.seed, MOUNT, number))
    return np.asarray(
        true @ mount @ setting.tf.shake(setting.random(world.seed, SHAKE, number, index)))


def _masks(compiled: WorldModel, geoms: np.ndarray) -> dict[str, np.ndarray]:
    names, owner = compiled.owners()
    # the last place, at -1, is for pixels that show nothing
    owners = np.append(owner, -1)[geoms]
    shown = np.flatnonzero(np.bincount(owners.ravel() + 1, minlength=len(names) + 1)[1:])
    return {names[number]: owners == number for number in shown}


def _share(world: World, index: int, name: str, mask: np.ndarray | None) -> float:
    if mask is None:
        return 0.0
    whole = outline(world, index, name).pixels
    return min(1.0, float(mask.sum()) / whole) if whole else 0.0


def _transforms(world: World, setting: Setting) -> dict[str, np.ndarray]:
    """Poses of all TF frames in `odom` at each image, (F, 4, 4); of the cameras as TF has them."""
    poses = {
        name: np.stack([world.T_world_frame(name, view.stamp_ns) for view in world.views])
        for name in world.frames}
    parents = {link.frame: link.parent for link in world.links}
    for camera in world.cameras:
        true, body = poses[camera.frame], poses[parents[camera.frame]]
        told = np.stack([
            _told(world, setting, camera, index) for index in range(len(world.views))])
        # from the optical frame to the camera's body all is exact: what errs is the mount
        poses[parents[camera.frame]] = told @ invert(true) @ body
        poses[camera.frame] = told
    return poses


def _missing(world: World, setting: Setting) -> tuple[str, ...]:
    """Lines of the kind that the node puts into an observation."""
    lines = []
    for camera in world.cameras:
        if setting.without_depth:
            lines.append(f'camera {camera.name} has no depth topic')
        if setting.without_camera_info:
            lines.append(f'no CameraInfo for {camera.name}: nothing came on '
                         f'/{camera.name}/color/camera_info')
        if setting.without_tf:
            lines.append(f'no transform of {camera.frame}: poses of camera {camera.name} are '
                         'unknown')
    return tuple(lines)
