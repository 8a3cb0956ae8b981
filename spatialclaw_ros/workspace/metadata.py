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


"""Facts of the frames, for the prompt and for `Metadata` in a cell."""

from __future__ import annotations

import math
from typing import Any

from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.teaching import Teaching

PROMPT = """\
`Metadata`: `.is_video`, `.fps`, `.duration_sec`, `.total_frames`, `.num_images`, `.num_videos`,
  `.videos`, `.cameras` (size, intrinsics, has_depth, has_pose, frame_indices), `.world_frame`,
  `.base_frame`, `.tf_frames`, `.missing`; also `Metadata['fps']`."""

CALLS_PROMPT = PROMPT.partition('; also')[0] + '.'


def metadata_of(observation: Observation) -> dict[str, Any]:
    """Facts of an observation, of JSON's types alone.

    Returns:
        `is_video`, `fps` (None when unknown), `duration_sec`, `total_frames`, `num_images`,
        `num_videos`, `videos`, `cameras`, `world_frame`, `base_frame`, `tf_frames`, `missing`.
    """
    by_camera = {
        name: [frame for frame in observation.frames if frame.camera == name]
        for name in observation.cameras}
    moving = {name: frames for name, frames in by_camera.items() if len(frames) > 1}
    return {
        'is_video': bool(moving),
        'fps': _known(observation.fps),
        'duration_sec': round(observation.duration_s, 4),
        'total_frames': len(observation.frames),
        'num_images': len(observation.frames),
        'num_videos': len(moving),
        'videos': [_video(number, name, by_camera[name])
                   for number, name in enumerate(by_camera, start=1) if name in moving],
        'cameras': {name: _camera(frames) for name, frames in by_camera.items()},
        'world_frame': observation.world_frame,
        'base_frame': observation.base_frame,
        'tf_frames': sorted(observation.transforms),
        'missing': list(observation.missing),
    }


class Metadata(Teaching):
    """The facts of `metadata_of` as attributes and as keys."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.__dict__.update(facts)

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError as error:
            raise KeyError(str(error)) from None

    def get(self, name: str, default: Any = None) -> Any:
        """Fact by name, or a default."""
        return self.__dict__.get(name, default)

    def keys(self) -> list[str]:
        """Names of the facts."""
        return list(self.__dict__)

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__

    def __repr__(self) -> str:
        return f'Metadata({self.__dict__})'


def _known(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _video(number: int, camera: str, frames: list[Frame]) -> dict[str, Any]:
    span_s = frames[-1].stamp_s - frames[0].stamp_s
    return {
        'video_index': number, 'camera': camera, 'num_frames': len(frames),
        'fps': round((len(frames) - 1) / span_s, 4) if span_s > 0 else None,
        'duration_sec': round(span_s, 4),
        'start_frame': frames[0].index, 'end_frame': frames[-1].index}


def _camera(frames: list[Frame]) -> dict[str, Any]:
    first = frames[0]
    camera = first.intrinsics
    return {
        'width': first.image.shape[1], 'height': first.image.shape[0],
        'intrinsics': None if camera is None else {
            name: round(getattr(camera, name), 3) for name in ('fx', 'fy', 'cx', 'cy')},
        'has_depth': any(frame.depth_m is not None for frame in frames),
        'has_pose': all(frame.T_world_camera is not None for frame in frames),
        'frame_id': first.frame_id,
        'frame_indices': [frame.index for frame in frames]}
