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


"""An `Observation` as a header and one block of arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.sharing.headers import CameraHeader, FrameHeader, ObservationHeader
from spatialclaw_ros.sharing.memory import layout
from spatialclaw_ros.workspace.observation import Frame, Observation


def pack_observation(
    observation: Observation,
) -> tuple[ObservationHeader, dict[str, np.ndarray]]:
    """Take an observation apart.

    Returns:
        The header, with the place of every array, and the arrays by name, not copied.
    """
    arrays: dict[str, np.ndarray] = {}
    frames = []
    for frame in observation.frames:
        arrays[f'image_{frame.index}'] = frame.image
        if frame.depth_m is not None:
            arrays[f'depth_{frame.index}'] = frame.depth_m
        if frame.T_world_camera is not None:
            arrays[f'pose_{frame.index}'] = np.asarray(frame.T_world_camera, np.float64)
        frames.append(FrameHeader(
            index=frame.index, camera=frame.camera, stamp_ns=int(frame.stamp_ns),
            frame_id=frame.frame_id, has_depth=frame.depth_m is not None,
            has_pose=frame.T_world_camera is not None, intrinsics=_pack_camera(frame.intrinsics)))
    names = list(observation.transforms)
    for number, name in enumerate(names):
        arrays[f'transform_{number}'] = np.asarray(observation.transforms[name], np.float64)
    specs, nbytes = layout(arrays)
    return ObservationHeader(
        frames=frames, world_frame=observation.world_frame, base_frame=observation.base_frame,
        missing=list(observation.missing), transforms=names, arrays=specs, nbytes=nbytes), arrays


def unpack_observation(
    header: ObservationHeader, arrays: Mapping[str, np.ndarray],
) -> Observation:
    """Put an observation together from its header and views of its arrays."""
    frames = tuple(
        Frame(
            index=frame.index, camera=frame.camera, stamp_ns=frame.stamp_ns,
            frame_id=frame.frame_id, image=arrays[f'image_{frame.index}'],
            depth_m=arrays[f'depth_{frame.index}'] if frame.has_depth else None,
            intrinsics=_unpack_camera(frame.intrinsics),
            T_world_camera=arrays[f'pose_{frame.index}'] if frame.has_pose else None)
        for frame in header.frames)
    transforms = {
        name: arrays[f'transform_{number}'] for number, name in enumerate(header.transforms)}
    return Observation(
        frames=frames, world_frame=header.world_frame, transforms=transforms,
        missing=tuple(header.missing), base_frame=header.base_frame)


def _pack_camera(camera: PinholeCamera | None) -> CameraHeader | None:
    if camera is None:
        return None
    return CameraHeader(
        width=int(camera.width), height=int(camera.height), fx=float(camera.fx),
        fy=float(camera.fy), cx=float(camera.cx), cy=float(camera.cy),
        distortion=[float(value) for value in camera.distortion], model=camera.model)


def _unpack_camera(header: CameraHeader | None) -> PinholeCamera | None:
    if header is None:
        return None
    return PinholeCamera(
        width=header.width, height=header.height, fx=header.fx, fy=header.fy, cx=header.cx,
        cy=header.cy, distortion=tuple(header.distortion), model=header.model)
