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


"""`tools.TF`: where the robot's own frames are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spatialclaw_ros.errors import TransformError
from spatialclaw_ros.geometry.se3 import invert
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.perframe import frame_key
from spatialclaw_ros.workspace.teaching import Teaching, listed, nearest_names, not_a_frame

PROMPT = """\
`tools.TF.lookup(target, source, frame_index=None)`: (4, 4) T_target_source, maps source points into
  target, at the stamp of a frame (the last where both are known, when left out).
  `tools.TF.frames()` names them; 'world' and camera names work too (a camera's optical frame)."""


class TF(Teaching):
    """Transforms at the images' stamps."""

    def __init__(self, observation: Observation) -> None:
        count = len(observation.frames)
        poses: dict[str, np.ndarray] = dict(observation.transforms)
        for frame in observation.frames:
            if frame.T_world_camera is not None:
                if frame.frame_id in observation.transforms:
                    continue
                if frame.frame_id not in poses:
                    poses[frame.frame_id] = np.full((count, 4, 4), np.nan)
                poses[frame.frame_id][frame.index] = frame.T_world_camera
        world = np.broadcast_to(np.eye(4), (count, 4, 4))
        self._aliases = {frame.camera: frame.frame_id for frame in observation.frames}
        self._aliases['world'] = observation.world_frame or 'world'
        poses[self._aliases['world']] = world
        self._poses: Mapping[str, np.ndarray] = poses
        self._count = count

    def frames(self) -> list[str]:
        """Names of the frames that are known at some image."""
        return sorted(name for name, poses in self._poses.items()
                      if np.isfinite(poses).all(axis=(1, 2)).any())

    def lookup(self, target: str, source: str, frame_index: int | None = None) -> np.ndarray:
        """Transform between two frames.

        Args:
            target: name of the frame to map into.
            source: name of the frame that points are in.
            frame_index: absolute index of the image at whose stamp; the last image at which both
                are known when left out.

        Returns:
            (4, 4) float64 `T_target_source`.

        Raises:
            TransformError: a frame that TF doesn't have, at all or at that image.
            FrameMismatchError: there is no such image.
        """
        T_world_target, T_world_source = self._named(target), self._named(source)
        known_target, known_source = (
            np.isfinite(poses).all(axis=(1, 2)) for poses in (T_world_target, T_world_source))
        both = np.nonzero(known_target & known_source)[0]
        if frame_index is None:
            if not len(both):
                raise TransformError(
                    f'{target!r} and {source!r} are never known at the same image: {target!r} at '
                    f'[{listed(np.nonzero(known_target)[0])}], {source!r} at '
                    f'[{listed(np.nonzero(known_source)[0])}]')
            index = int(both[-1])
        else:
            index = frame_key(frame_index)
            if not isinstance(index, int) or not 0 <= index < self._count:
                raise not_a_frame(frame_index, range(self._count), 'this query')
            for name, known in ((target, known_target), (source, known_source)):
                if not known[index]:
                    raise TransformError(
                        f'{name!r} is not known at frame {index}, only at '
                        f'[{listed(np.nonzero(known)[0])}]')
        if self._real(target) == self._real(source):
            return np.eye(4)
        return np.asarray(invert(T_world_target[index]) @ T_world_source[index])

    def _real(self, name: str) -> str:
        if name in self._poses:
            return name
        stripped = str(name).lstrip('/')
        return stripped if stripped in self._poses else self._aliases.get(str(name), str(name))

    def _named(self, name: str) -> np.ndarray:
        real = self._real(name)
        if real not in self._poses:
            raise TransformError(
                f'no TF frame {name!r}{nearest_names(name, sorted(self._poses))}')
        return self._poses[real]
