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


"""What tests of launch files look at: the states of nodes that others started."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

import rclpy
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

WAIT_S = 90.0
CALL_S = 10.0


class Lookout:
    """A node of its own that looks at others; a context manager."""

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = Node('looks_at_launched', context=self._context)

    def __enter__(self) -> Lookout:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.node.destroy_node()
        self._context.try_shutdown()

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something is so.

        Raises:
            AssertionError: it did not become so in time.
        """
        end_s = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end_s, f'{what}: not after {WAIT_S:.0f} s'
            time.sleep(0.2)

    def wait_for_state(self, name: str, state: int) -> None:
        """Wait until a managed node is in a state."""
        self.wait(lambda: self.state(name) == state, f'{name} in state {state}')

    def state(self, name: str) -> int:
        """A managed node's state; unknown while it has no time to tell."""
        client = self.node.create_client(GetState, f'{name}/get_state')
        executor = SingleThreadedExecutor(context=self._context)
        try:
            if not client.wait_for_service(CALL_S):
                return int(State.PRIMARY_STATE_UNKNOWN)
            future = client.call_async(GetState.Request())
            rclpy.spin_until_future_complete(self.node, future, executor, CALL_S)
            given = future.result() if future.done() else None
            return int(given.current_state.id if given else State.PRIMARY_STATE_UNKNOWN)
        finally:
            executor.shutdown()
            self.node.destroy_client(client)

    def subscribed(self, name: str, namespace: str) -> set[str]:
        """Topics that a node subscribes to; none while it is not there."""
        if (name, namespace) not in self.node.get_node_names_and_namespaces():
            return set()
        return {topic for topic, _ in
                self.node.get_subscriber_names_and_types_by_node(name, namespace)}
