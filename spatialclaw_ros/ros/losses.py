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

"""Messages that were published and never came, counted topic by topic."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Mapping
from typing import Any

from spatialclaw_ros.ros.subscribing import publisher_of

MAX_PUBLISHERS = 16
PERIODS = 9
GAP_PERIODS = 1.5
STOPPED_NS = 1_000_000_000
"""A longer gap is no loss: the camera had stopped."""


class Losses:
    """Counts what is missing between the messages of one topic.

    The middleware numbers the messages of a publisher (`publication_sequence_number` of rclpy's
    MessageInfo, from Iron on), so that those lost on the way and those that a full queue dropped
    are both seen. Where it doesn't, gaps between stamps are counted, measured with the median of
    the last periods; so they are where numbers fall and nobody tells whose they are (before
    Kilted): those of two publishers can't be told apart.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._numbers: dict[object, int] = {}
        self._mixed = False
        self._latest_gap = 0
        self._periods_ns: deque[int] = deque(maxlen=PERIODS)
        self._stamp_ns: int | None = None

    def saw(self, stamp_ns: int, info: Mapping[str, Any] | None) -> None:
        """Take note of a message.

        Args:
            stamp_ns: its header's stamp.
            info: what the middleware says of it, None for nothing.
        """
        number = info.get('publication_sequence_number') if info else None
        if info is None or number is None or self._mixed:
            self._saw_stamp(stamp_ns)
            return
        publisher = publisher_of(info)
        last = self._numbers.get(publisher)
        if publisher is None and last is not None and number <= last:
            # the gap before it was the step from one publisher to the other
            self.lost -= self._latest_gap
            self._mixed = True
            self._saw_stamp(stamp_ns)
            return
        if last is None and len(self._numbers) >= MAX_PUBLISHERS:
            self._numbers.clear()
        self._numbers[publisher] = number
        # a publisher that was started again counts from 1
        self._latest_gap = 0 if last is None else max(0, number - last - 1)
        self.lost += self._latest_gap

    def _saw_stamp(self, stamp_ns: int) -> None:
        last_ns, self._stamp_ns = self._stamp_ns, stamp_ns
        if last_ns is None or not last_ns < stamp_ns < last_ns + STOPPED_NS:
            return
        period_ns = stamp_ns - last_ns
        usual_ns = statistics.median(self._periods_ns) if self._periods_ns else period_ns
        self._periods_ns.append(period_ns)
        if len(self._periods_ns) == PERIODS and period_ns > GAP_PERIODS * usual_ns:
            self.lost += round(period_ns / usual_ns) - 1
