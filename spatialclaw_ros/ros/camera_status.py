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
    """Health of one camera: its topics, and the last thing that went wrong ('' for nothing)."""

    name: str
    streams: tuple[StreamStatus, ...]
    last_error: str = ''

    def stream(self, role: str) -> StreamStatus | None:
        """Status of one topic, None where the camera has none of that role."""
        return next((one for one in self.streams if one.role == role), None)


def _publishers(count: int) -> str:
    return COUNT_WORDS[count] if count < len(COUNT_WORDS) else f'{count} publishers'
