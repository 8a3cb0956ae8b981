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


"""What other threads, and futures, want done in the callbacks of one group of a node."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node

KICK_S = 0.0002


class Line:
    """Works off what was put into it, in order, as soon as the node is spun.

    Args:
        node: to live on.
        group: of its callbacks, mutually exclusive.
        clock: steady.
    """

    def __init__(self, node: Node, group: CallbackGroup, clock: Clock) -> None:
        self._node = node
        self._jobs: deque[Callable[[], object]] = deque()
        self._closed = threading.Event()
        self._kick = node.create_timer(KICK_S, self.work, callback_group=group, clock=clock)
        self.seen_s = 0.0
        """When a callback of the group ran last, monotonic; 0 for never."""

    def put(self, job: Callable[[], object]) -> None:
        """Have something done; any thread."""
        self._jobs.append(job)
        if not self._closed.is_set():
            self.wake()

    def wake(self) -> None:
        """Have the executor look again at what it may run."""
        if not self._node.context.ok():
            return
        executor = self._node.executor
        if executor is not None and not isinstance(executor, MultiThreadedExecutor):
            executor.create_task(self.work)  # its one thread runs the callbacks of the group too
            return
        self._kick.reset()
        if executor is not None:  # the timer alone wakes it on newer distributions only
            executor.wake()

    def close(self) -> None:
        """Do nothing more of it."""
        self._closed.set()

    def destroy(self) -> None:
        """Leave the node."""
        self._node.destroy_timer(self._kick)

    def work(self) -> None:
        """Work it off; in a callback of the group."""
        self._kick.cancel()
        self.seen_s = time.monotonic()
        while self._jobs and not self._closed.is_set():
            self._jobs.popleft()()
