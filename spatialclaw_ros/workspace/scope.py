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


"""What the tools of one cell scope share: the frames, the way to the host, the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.workspace.calls import JSON, ToolCall, ToolPort, ToolResult
from spatialclaw_ros.workspace.frames import FrameImage, InputImages
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.pictures import to_rgb
from spatialclaw_ros.workspace.teaching import not_a_frame


@dataclass(frozen=True, eq=False)
class Scope:
    """Shared by the tools of one query.

    Args:
        observation: what the cameras saw.
        images: the same frames as a cell has them.
        port: takes calls to the host.
        capabilities: host tools that are loaded.
    """

    observation: Observation
    images: InputImages
    port: ToolPort
    capabilities: frozenset[str]

    def call(
        self, tool: str, args: Mapping[str, JSON],
        arrays: Mapping[str, np.ndarray] | None = None,
    ) -> ToolResult:
        """Ask the host.

        Raises:
            PerceptionError: the host answered with an error; its message teaches.
        """
        result = self.port(ToolCall(tool, args, arrays or {}))
        if result.error is not None:
            raise PerceptionError(result.error)
        return result

    def require(self, capability: str, what: str) -> None:
        """Refuse the use of a tool whose backend is not loaded.

        Raises:
            PerceptionError: it is not; the message names what is.
        """
        if capability not in self.capabilities:
            raise PerceptionError(
                f'{what} needs the {capability!r} backend, which is not loaded on this robot; '
                f'loaded: {", ".join(sorted(self.capabilities)) or "none"}')

    def frame_indices(self, frames: Any = None) -> list[int]:
        """Absolute indices of frames given in any way: images, indices, one of them, or all.

        Raises:
            FrameMismatchError: an index that no frame of this query has.
            TypeError: a picture that is no frame, or something else altogether.
        """
        if frames is None:
            return self.images.frame_indices
        if isinstance(frames, (FrameImage, int, np.integer)):
            frames = [frames]
        if not isinstance(frames, (Sequence, np.ndarray, range)) or isinstance(frames, str):
            raise TypeError(
                'frames must be InputImages, a list of its images, or absolute frame indices, '
                f'got {type(frames).__name__}{_WHY_FRAMES}')
        if len(frames) == 0:
            raise ValueError('no frames came; give InputImages or some of its images')
        return list(dict.fromkeys(self._index(each) for each in frames))

    def _index(self, frame: Any) -> int:
        known = self.images.frame_indices
        if isinstance(frame, FrameImage):
            frame = frame.frame_index
        if not isinstance(frame, (int, np.integer)) or isinstance(frame, bool):
            raise TypeError(
                f'expected an image of InputImages or its frame index, got '
                f'{type(frame).__name__}{_WHY_FRAMES}')
        if frame not in known:
            raise not_a_frame(int(frame), known, 'this query')
        return int(frame)

    def video(self, video_index: int) -> InputImages:
        """Frames of a camera by its number from 1.

        Raises:
            IndexError: there is no such camera.
        """
        cameras = self.images.cameras
        if not 1 <= video_index <= len(cameras):
            raise IndexError(
                f'video_index {video_index} is not in 1..{len(cameras)}; cameras: '
                f'{", ".join(cameras)}')
        return self.images.camera(cameras[video_index - 1])

    def frame_or_picture(self, image: Any) -> tuple[int | None, np.ndarray | None]:
        """Frame index of a frame, or the pixels of any other picture.

        Returns:
            (frame index, None) or (None, (H, W, 3) uint8).
        """
        if isinstance(image, InputImages) and len(image) == 1:
            image = image[0]
        if isinstance(image, FrameImage) and not image.drawn_on:
            return image.frame_index, None
        if isinstance(image, (int, np.integer)) and not isinstance(image, bool):
            return self._index(image), None
        return None, to_rgb(image)


_WHY_FRAMES = (
    '; a crop or an edited picture has no depth and no pose, only the frames themselves have')
