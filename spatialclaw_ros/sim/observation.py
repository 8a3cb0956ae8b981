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

"""An `Observation` straight from the simulator, without ROS: for tests and evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spatialclaw_ros.geometry.se3 import invert
from spatialclaw_ros.sim.render import SceneRenderer
from spatialclaw_ros.sim.scene import CAMERA_NAME, make_scene
from spatialclaw_ros.sim.trajectory import (
    BASE_FRAME,
    CAMERA_LINK,
    GRIPPER_FRAME,
    OPTICAL_FRAME,
    WORLD_FRAME,
)
from spatialclaw_ros.workspace.observation import Frame, Observation

STEP_NS = 250_000_000


def observe(renderer: SceneRenderer, stamps_ns: Sequence[int]) -> Observation:
    """Look at the scene at some stamps, as the node would see it: world `odom`, TF complete.

    Args:
        renderer: what draws.
        stamps_ns: rising stamps, nanoseconds.

    Returns:
        One frame for each stamp, with depth, intrinsics and pose.
    """
    scene = renderer.scene
    names = (WORLD_FRAME, BASE_FRAME, GRIPPER_FRAME, CAMERA_LINK, OPTICAL_FRAME)
    poses: dict[str, list[np.ndarray]] = {name: [] for name in names}
    frames = []
    for index, stamp_ns in enumerate(stamps_ns):
        image, depth_m = renderer.render(stamp_ns)
        T_world_base = invert(scene.trajectory.T_base_frame(WORLD_FRAME, stamp_ns))
        for name in names:
            poses[name].append(T_world_base @ scene.trajectory.T_base_frame(name, stamp_ns))
        frames.append(Frame(
            index, CAMERA_NAME, stamp_ns, OPTICAL_FRAME, image, depth_m, scene.camera,
            poses[OPTICAL_FRAME][-1]))
    return Observation(
        tuple(frames), WORLD_FRAME, {name: np.stack(value) for name, value in poses.items()},
        base_frame=BASE_FRAME)


def observe_tabletop(count: int = 8, *, start_ns: int = 0, step_ns: int = STEP_NS,
                     depth_noise: float = 0.0) -> Observation:
    """Look `count` times at the demo's scene, `step_ns` apart (one call, for a quick test)."""
    with SceneRenderer(make_scene(), depth_noise=depth_noise) as renderer:
        return observe(renderer, [start_ns + step_ns * number for number in range(count)])
