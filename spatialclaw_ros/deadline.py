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

"""A query's time budget and its cancellation, as one value that every room can look at."""

from __future__ import annotations

import math
import threading
import time

from spatialclaw_ros.errors import CanceledError, DeadlineExceededError


class Deadline:
    """Counts down on the monotonic clock; may be cancelled from any thread.

    Args:
        timeout_s: seconds from now; `math.inf` for no limit.
        elapsed_s: so many of them are over already.
    """

    def __init__(self, timeout_s: float = math.inf, elapsed_s: float = 0.0) -> None:
        if math.isnan(timeout_s) or timeout_s < 0:
            raise ValueError(f'timeout_s must be 0 or more, got {timeout_s}')
        self._start_s = time.monotonic() - elapsed_s
        self._end_s = self._start_s + timeout_s
        self._canceled = threading.Event()
        self._parent: Deadline | None = None

    def branch(self, timeout_s: float = math.inf) -> Deadline:
        """A deadline that ends with this one or earlier, and that can be cancelled alone."""
        other = Deadline(timeout_s)
        other._end_s, other._parent = min(other._end_s, self._end_s), self
        return other

    @property
    def elapsed_s(self) -> float:
        """Seconds since the deadline was made."""
        return time.monotonic() - self._start_s

    @property
    def remaining_s(self) -> float:
        """Seconds left, 0 when none are or when cancelled."""
        return 0.0 if self.canceled else max(0.0, self._end_s - time.monotonic())

    @property
    def canceled(self) -> bool:
        """Whether `cancel` was called, here or on what it branched from."""
        return self._canceled.is_set() or (self._parent is not None and self._parent.canceled)

    @property
    def expired(self) -> bool:
        """Whether no time is left."""
        return self.remaining_s <= 0.0

    def cancel(self) -> None:
        """Let every later `check` raise `CanceledError`; safe from any thread."""
        self._canceled.set()

    def check(self, doing: str = 'this step') -> None:
        """Raise if cancelled or out of time.

        Args:
            doing: what was under way, for the message.

        Raises:
            CanceledError: `cancel` was called.
            DeadlineExceededError: no time is left.
        """
        if self.canceled:
            raise CanceledError(f'cancelled during {doing}')
        if self.expired:
            raise DeadlineExceededError(
                f'out of time during {doing}, {self.elapsed_s:.1f} s after the query began; '
                'ask with a longer timeout or fewer frames')
