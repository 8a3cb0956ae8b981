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

"""Health of cameras as values, for diagnostics and for messages about what is not there."""

from __future__ import annotations

import math
from dataclasses import dataclass

COUNT_WORDS = ('no publishers', '1 publisher')


@dataclass(frozen=True)
class StreamStatus:
    """Health of one topic.

    Args:
        role: 'image', 'camera_info', 'depth' or 'depth_camera_info'.
        topic: resolved name.
        received: messages since the start.
        buffered: messages held now.
        buffered_bytes: bytes held now.
        rate_hz: mean rate of arrival; NaN for fewer than two messages.
        age_s: since the last arrival, monotonic clock; NaN when nothing ever came.
        publishers: how many there are now.
        hint: what is likely wrong, '' for nothing.
        lost: messages that were published and did not come, since the start.
    """

    role: str
    topic: str
    received: int
    buffered: int
    buffered_bytes: int
    rate_hz: float
    age_s: float
    publishers: int
    hint: str = ''
    lost: int = 0

    @property
    def keeps_last(self) -> bool:
        """Whether the newest message holds however old it is: a calibration."""
        return self.role.endswith('camera_info')

    def silence(self, window_s: float) -> str:
        """A line for a person about a topic without a usable message."""
        noun = self.role.replace('_', ' ')
        if self.received == 0:
            seen = f'{_publishers(self.publishers)}, nothing came since the start'
        else:
            seen = (
                f'{_publishers(self.publishers)}, {self.received} came since the start, the last '
                f'one {self.age_s:.1f} s ago')
        check = self.hint or f'check `ros2 topic hz {self.topic}`'
        return f'no {noun} on {self.topic} in {window_s:.1f} s: {seen}; {check}'


@dataclass(frozen=True)
class CameraStatus:
    """Health of one camera.

    Args:
        name: as configured.
        streams: its topics.
        last_error: the last thing that went wrong, '' for nothing.
        paired: share (0 to 1) of its latest images that depth and CameraInfo came with; NaN when
            there is none to count.
        tf: what is wrong with TF for its images, one line, '' for nothing.
    """

    name: str
    streams: tuple[StreamStatus, ...]
    last_error: str = ''
    paired: float = math.nan
    tf: str = ''

    @property
    def lost(self) -> int:
        """Messages that were published and did not come, all its topics together."""
        return sum(stream.lost for stream in self.streams)

    def stream(self, role: str) -> StreamStatus | None:
        """Status of one topic, None where the camera has none of that role."""
        return next((one for one in self.streams if one.role == role), None)


def _publishers(count: int) -> str:
    return COUNT_WORDS[count] if count < len(COUNT_WORDS) else f'{count} publishers'
