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

"""A callback group that opens and closes, for what comes to and leaves a node that others spin.

rclpy's executors fail on an ActionClient that is not yet made to its end, and when something goes
that they have listed and not yet waited for, or whose callback stands in the line of a thread pool.
While its group is closed they don't list it, and drop what stands in the line.
"""

from __future__ import annotations

from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup


class OneAtATime(MutuallyExclusiveCallbackGroup):
    """Mutually exclusive while it is open; closed, as it is at first, it runs nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._closed = True

    def open(self) -> None:
        """Run callbacks; an executor that waits hears of it with the next thing that is made."""
        self._closed = False

    def close(self) -> None:
        """Run nothing any more; a callback that runs goes on to its end."""
        self._closed = True

    def can_execute(self, entity: Any) -> bool:
        """Whether an executor may wait for it now."""
        return not self._closed and super().can_execute(entity)

    def beginning_execution(self, entity: Any) -> bool:
        """Whether its callback may begin now."""
        return not self._closed and super().beginning_execution(entity)
