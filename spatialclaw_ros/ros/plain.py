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

"""Plain values as small ROS messages, and back."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point

from spatialclaw_ros.sharing import texts


def point_message(point: np.ndarray) -> Point:
    """A (3,) point, metres."""
    x, y, z = (float(c) for c in point)
    return Point(x=x, y=y, z=z)


def time_message(stamp_ns: int) -> Time:
    """Nanoseconds as a ROS time."""
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    return Time(sec=sec, nanosec=nanosec)


def clean(text: str) -> str:
    """A name or path as it is, but for what a ROS string can't hold: lone surrogates, NUL."""
    return _encodable(text).replace('\0', '')


def shown_line(text: str) -> str:
    """Text that a ROS string can hold, for whoever prints it: one line, no control characters."""
    return text if text.isprintable() else texts.clean_line(_encodable(text))


def shown_text(text: str) -> str:
    """The same of a text that may have several lines."""
    return text if text.isprintable() else texts.clean_text(_encodable(text))


def duration_message(seconds: float) -> Duration:
    """Seconds, negative ones too, as a ROS duration."""
    whole, rest_ns = divmod(round(seconds * 1e9), 1_000_000_000)
    return Duration(sec=int(whole), nanosec=int(rest_ns))


def _encodable(text: str) -> str:
    return text.encode('utf-8', 'replace').decode('utf-8')
