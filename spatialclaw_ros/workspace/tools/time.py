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


"""`tools.Time`: frames and seconds, by the images' stamps."""

from __future__ import annotations

from typing import Any

import numpy as np

from spatialclaw_ros.workspace.frames import FrameImage
from spatialclaw_ros.workspace.perframe import frame_key
from spatialclaw_ros.workspace.scope import Scope
from spatialclaw_ros.workspace.teaching import Teaching

PROMPT = """\
`tools.Time` (seconds from the first frame, by stamps): `.frame_to_seconds(frame)`,
  `.seconds_to_frame(seconds, video_index=1)` nearest, `.frame_range_to_seconds(start, end)`,
  `.get_frame_at_time(seconds, video_index=1)` image."""


class Time(Teaching):
    """Seconds count from the query's first frame; frame indices are absolute."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._start_ns = scope.observation.frames[0].stamp_ns

    def frame_to_seconds(self, frame: Any) -> float:
        """Time of a frame in seconds."""
        index = self._scope.frame_indices(frame_key(frame))[0]
        return (self._scope.observation.frames[index].stamp_ns - self._start_ns) * 1e-9

    def seconds_to_frame(self, seconds: float, video_index: int = 1) -> int:
        """Absolute index of a camera's frame nearest in time.

        Raises:
            ValueError: seconds are NaN.
        """
        if not np.isfinite(seconds):
            raise ValueError(f'seconds must be finite, got {seconds}')
        frames = self._scope.video(video_index).frame_indices
        return min(frames, key=lambda frame: abs(self.frame_to_seconds(frame) - seconds))

    def frame_range_to_seconds(self, start: Any, end: Any) -> tuple[float, float]:
        """Times of two frames in seconds."""
        return self.frame_to_seconds(start), self.frame_to_seconds(end)

    def get_frame_at_time(self, seconds: float, video_index: int = 1) -> FrameImage:
        """Image of a camera nearest in time."""
        return self._scope.images.at(self.seconds_to_frame(seconds, video_index))
