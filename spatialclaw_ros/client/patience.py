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


"""A clock for waiting: while this process itself is held up, nobody has kept it waiting."""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_S = 0.2
"""Who waits reads the clock more often than this, unless held up."""


class PatientClock:
    """Goes on by `STEP_S` at most from one reading to the next while somebody waits.

    A callback that plans for ten seconds on the executor's only thread, or a machine without time
    for this process, keeps answers that came long ago from being heard.

    Args:
        source: monotonic seconds.
    """

    def __init__(self, source: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._read_s = self._now_s = source()
        self._waiting = False

    def now_s(self) -> float:
        """Seconds; readings count, so all of them are one thread's at a time."""
        read_s = self._source()
        passed_s, self._read_s = read_s - self._read_s, read_s
        self._now_s += min(passed_s, STEP_S) if self._waiting else passed_s
        return self._now_s

    def wait(self, waiting: bool) -> None:
        """Say whether somebody waits, and reads the clock again and again, from now on."""
        self.now_s()
        self._waiting = waiting
