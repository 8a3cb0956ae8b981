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


"""Cameras and how they move: where pictures are taken from, when, and the TF tree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import invert, look_at, make_transform
from spatialclaw_ros.sim.scene import HEIGHT, WIDTH
from spatialclaw_ros.sim.trajectory import ArcTrajectory, R_link_optical, T_gripper_camera
from spatialclaw_ros.sim.worlds.paths import Path
from spatialclaw_ros.sim.worlds.world import (
    BASE_FRAME,
    GRIPPER_FRAME,
    WORLD_FRAME,
    Camera,
    Link,
    View,
)

START_NS = 1_767_225_600_000_000_000
VIEWS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
VIEW_SHARES = (0.10, 0.12, 0.14, 0.16, 0.14, 0.14, 0.08, 0.06, 0.03, 0.03)
CAMERA_SHARES = (0.60, 0.28, 0.12)
"""Of worlds with so many pictures, and with one, two and three cameras."""
T_link_optical = make_transform(R_link_optical, np.zeros(3))


@dataclass(frozen=True)
class Rig:
    """One camera with its links and pictures."""

    camera: Camera
    links: tuple[Link, ...]
    views: tuple[View, ...]


def yaw_pose(x: float, y: float, yaw_rad: float) -> np.ndarray:
    """Pose (4, 4) on the floor."""
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    return make_transform(np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]),
                          np.array([x, y, 0.0]))


def stamps(count: int, duration_s: float, offset_s: float = 0.0) -> list[int]:
    """Evenly spread over a duration, nanoseconds."""
    spread = np.linspace(0.0, duration_s, count) if count > 1 else np.array([duration_s])
    return [START_NS + round((offset_s + float(second)) * 1000) * 1_000_000 for second in spread]


def _counts(total: int, cameras: int, random: np.random.Generator) -> list[int]:
    """How many pictures each camera takes: the first most, and as many in all as are wanted."""
    cameras = min(cameras, total)
    each = [1] * cameras
    for _ in range(total - cameras):
        each[int(random.integers(cameras)) if random.random() < 0.5 else 0] += 1
    return each


def _duration_s(total: int, random: np.random.Generator) -> float:
    """How long the pictures take, seconds, at most 8."""
    return round(min(8.0, max(0.5, total * float(random.uniform(0.25, 0.8)))), 1)


def draw_views(random: np.random.Generator) -> tuple[list[int], float]:
    """How many pictures each of one to three cameras takes, and in how many seconds."""
    total = int(random.choice(VIEWS, p=VIEW_SHARES))
    each = _counts(total, int(random.choice([1, 2, 3], p=CAMERA_SHARES)), random)
    return each, _duration_s(total, random)


def intrinsics(random: np.random.Generator) -> PinholeCamera:
    """Of a colour camera with about the field of view of a consumer RGB-D camera."""
    focal = float(random.integers(540, 621))
    return PinholeCamera(WIDTH, HEIGHT, focal, focal, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)


def mounted(
    name: str, parent: str, T_parent_optical: np.ndarray, camera: PinholeCamera,
    taken_ns: Sequence[int],
) -> Rig:
    """A camera that is screwed to a frame."""
    body, optical = f'{name}_camera_link', f'{name}_camera_color_optical_frame'
    links = (
        Link(body, parent, Path.still(T_parent_optical @ invert(T_link_optical))),
        Link(optical, body, Path.still(T_link_optical)))
    return Rig(Camera(name, optical, camera, moves=False), links,
               tuple(View(name, stamp_ns) for stamp_ns in taken_ns))


def wrist(
    T_world_base: np.ndarray, target: np.ndarray, random: np.random.Generator,
    taken_ns: Sequence[int],
) -> Rig:
    """A camera on a gripper that swings along an arc about a point, `odom`, and looks at it."""
    swing = math.radians(random.uniform(12.0, 38.0))
    arc = ArcTrajectory(
        target=(invert(T_world_base) @ [*target, 1.0])[:3],
        radius_m=float(random.uniform(0.72, 1.0)),
        elevation_rad=math.radians(random.uniform(34.0, 58.0)),
        nod_rad=math.radians(random.uniform(1.0, 6.0)), swing_rad=swing)
    # half a swing, from one side to the other
    first = arc.period_ns // 4 if random.random() < 0.5 else 3 * arc.period_ns // 4
    phases = np.linspace(first, first + arc.period_ns // 2, max(2, len(taken_ns)))
    poses = [arc.T_base_gripper(round(float(phase))) for phase in phases[:len(taken_ns)]]
    rig = mounted('wrist', GRIPPER_FRAME, T_gripper_camera @ T_link_optical, intrinsics(random),
                  taken_ns)
    gripper = Link(GRIPPER_FRAME, BASE_FRAME, Path.through(taken_ns, poses))
    return replace(rig, links=(gripper, *rig.links))


def fixed(
    name: str, parent: str, T_world_parent: np.ndarray, eye: np.ndarray, target: np.ndarray,
    random: np.random.Generator, taken_ns: Sequence[int],
) -> Rig:
    """A camera that looks from one point to another, both `odom`."""
    return mounted(name, parent, invert(T_world_parent) @ look_at(eye, target),
                   intrinsics(random), taken_ns)


def head(
    height_m: float, tilt_rad: float, random: np.random.Generator, taken_ns: Sequence[int],
) -> Rig:
    """A camera on the mast of a base that drives; it looks ahead and down."""
    eye = np.array([0.08, 0.0, height_m])
    ahead = eye + np.array([math.cos(tilt_rad), 0.0, -math.sin(tilt_rad)])
    return mounted('head', BASE_FRAME, look_at(eye, ahead), intrinsics(random), taken_ns)


def drive(
    target: np.ndarray, distance_m: float, bearing_rad: float, swing_rad: float,
    closer_m: float, taken_ns: Sequence[int],
) -> Path:
    """A base that drives round a point, facing it.

    Args:
        target: (3,) `odom`.
        distance_m: from it, at first.
        bearing_rad: of the base as seen from the point, at the middle of the way.
        swing_rad: how far round it drives in all.
        closer_m: how much nearer it comes.
        taken_ns: when it is where pictures are taken.
    """
    poses = []
    for share in np.linspace(0.0, 1.0, len(taken_ns)) if len(taken_ns) > 1 else [0.5]:
        angle = bearing_rad + swing_rad * (share - 0.5)
        away = distance_m - closer_m * share
        x = target[0] + away * math.cos(angle)
        y = target[1] + away * math.sin(angle)
        poses.append(yaw_pose(x, y, angle + math.pi))
    return Path.through(taken_ns, poses)


def assemble(
    base: Path, rigs: Sequence[Rig],
) -> tuple[tuple[Link, ...], tuple[Camera, ...], tuple[View, ...]]:
    """The TF tree, cameras, and views in time order."""
    links = (Link(BASE_FRAME, WORLD_FRAME, base), *(link for rig in rigs for link in rig.links))
    views = sorted((view for rig in rigs for view in rig.views), key=lambda view: view.stamp_ns)
    moving = {BASE_FRAME} if base.moves else set()
    for link in links:  # parents come first
        if link.path.moves or link.parent in moving:
            moving.add(link.frame)
    cameras = tuple(
        replace(rig.camera, moves=len(rig.views) > 1 and rig.camera.frame in moving)
        for rig in rigs)
    return links, cameras, tuple(views)
