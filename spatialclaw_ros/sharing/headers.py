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

"""Headers of what lies in shared memory: arrays, and an observation's frames and cameras."""

from __future__ import annotations

import msgspec


class ArraySpec(msgspec.Struct, frozen=True):
    """Where an array lies in a buffer: NumPy type string, shape, offset in bytes."""

    name: str
    dtype: str
    shape: list[int]
    offset: int


class CameraHeader(msgspec.Struct, frozen=True):
    """A `PinholeCamera`, field by field."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: list[float]
    model: str


class FrameHeader(msgspec.Struct, frozen=True):
    """A `Frame` without its arrays, which are `image_F`, `depth_F` and `pose_F`."""

    index: int
    camera: str
    stamp_ns: int
    frame_id: str
    has_depth: bool
    has_pose: bool
    intrinsics: CameraHeader | None


class ObservationHeader(msgspec.Struct, frozen=True):
    """An `Observation`; its arrays lie in the memory file that comes with it."""

    frames: list[FrameHeader]
    world_frame: str
    base_frame: str
    missing: list[str]
    transforms: list[str]
    arrays: list[ArraySpec]
    nbytes: int
