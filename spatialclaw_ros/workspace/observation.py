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

"""What the cameras saw for one query, as a plain value without any ROS type."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera

TRANSFORM_SHAPE = (4, 4)


@dataclass(frozen=True, eq=False)
class Frame:
    """One colour image with what is known about it.

    Args:
        index: frame index, absolute and unique within the query, across all cameras.
        camera: name of the camera, as in the node's parameters.
        stamp_ns: time of the image, ROS clock, nanoseconds.
        frame_id: TF name of the camera's optical frame (z forward, x right, y down).
        image: (H, W, 3) uint8, RGB.
        depth_m: (H, W) float32 metres along z (REP 118), NaN where invalid; None without depth.
        intrinsics: pinhole camera of `image`; None when no CameraInfo came.
        T_world_camera: (4, 4) float64, camera points into the world; None without TF.
    """

    index: int
    camera: str
    stamp_ns: int
    frame_id: str
    image: np.ndarray
    depth_m: np.ndarray | None = None
    intrinsics: PinholeCamera | None = None
    T_world_camera: np.ndarray | None = None

    def __post_init__(self) -> None:
        image = self.image
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(
                f'image must be (H, W, 3) uint8, got {image.shape} {image.dtype}')
        size = image.shape[:2]
        if self.depth_m is not None and (
                self.depth_m.shape != size or self.depth_m.dtype != np.float32):
            raise ValueError(
                f'depth_m must be {size} float32 like the image, '
                f'got {self.depth_m.shape} {self.depth_m.dtype}')
        camera = self.intrinsics
        if camera is not None and (camera.height, camera.width) != size:
            raise ValueError(
                f'intrinsics are for {camera.width}x{camera.height}, '
                f'the image is {size[1]}x{size[0]}')
        pose = self.T_world_camera
        if pose is not None and (pose.shape != TRANSFORM_SHAPE or not np.isfinite(pose).all()):
            raise ValueError(f'T_world_camera must be a finite (4, 4) array, got {pose!r}')

    @property
    def stamp_s(self) -> float:
        """Time of the image in seconds."""
        return self.stamp_ns * 1e-9


@dataclass(frozen=True, eq=False)
class Observation:
    """Everything one query may look at.

    Args:
        frames: in time order; `frames[i].index == i`.
        world_frame: TF name of the world; '' when TF gives none, and the world is then made up
            from the first camera (gravity-aligned where a plane tells, x forward, z up).
        transforms: T_world_frame of other TF frames, name to (F, 4, 4) float64, one per image
            stamp, NaN where TF has none.
        missing: one line for each prior that is not there ("no CameraInfo on /a/camera_info").
        base_frame: TF name of the robot's own frame (REP 105 `base_link`); '' when unknown.
    """

    frames: tuple[Frame, ...]
    world_frame: str = ''
    transforms: Mapping[str, np.ndarray] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    base_frame: str = ''

    def __post_init__(self) -> None:
        if not self.frames:
            raise ValueError('an observation needs at least one frame')
        for position, frame in enumerate(self.frames):
            if frame.index != position:
                raise ValueError(
                    f'frame indices must count from 0, got {frame.index} at position {position}')
        for name, poses in self.transforms.items():
            if poses.shape != (len(self.frames), *TRANSFORM_SHAPE):
                raise ValueError(
                    f'transforms[{name!r}] must be ({len(self.frames)}, 4, 4), got {poses.shape}')

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras, in order of their first frame."""
        return tuple(dict.fromkeys(frame.camera for frame in self.frames))

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last image."""
        return self.frames[-1].stamp_s - self.frames[0].stamp_s

    @property
    def fps(self) -> float:
        """Mean rate of the images of the busiest camera, Hz; NaN for fewer than two."""
        stamps = max(
            ([f.stamp_s for f in self.frames if f.camera == name] for name in self.cameras),
            key=len)
        span_s = stamps[-1] - stamps[0]
        return (len(stamps) - 1) / span_s if span_s > 0 else math.nan

    def select(self, frame_indices: Sequence[int]) -> tuple[Frame, ...]:
        """Frames by index.

        Raises:
            IndexError: an index is not in this observation; the message names the range.
        """
        for index in frame_indices:
            if not 0 <= index < len(self.frames):
                raise IndexError(f'frame {index} is not in [0, {len(self.frames) - 1}]')
        return tuple(self.frames[index] for index in frame_indices)
