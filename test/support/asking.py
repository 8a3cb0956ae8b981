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

"""Asks the node through its service on any node of a test, and gives the answer as it came."""

from __future__ import annotations

import time
from typing import Any

from rclpy.node import Node
from robot_double import spin_until

from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.srv import SpatialQuery

UNTIL_S = 60.0


class Asker:
    """A client of `/spatialclaw/query` on a node that nobody else spins."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._client = node.create_client(SpatialQuery, '/spatialclaw/query')

    def ask(self, question: str, *, wait_s: float = 60.0, **fields: Any) -> SpatialAnswer:
        """The answer; fields are those of the request."""
        assert spin_until(self._node, self._client.service_is_ready, wait_s), 'no node answers'
        future = self._client.call_async(SpatialQuery.Request(question=question, **fields))
        assert spin_until(self._node, future.done, wait_s), f'no answer to {question!r}'
        return future.result().answer

    def until(self, wanted: Any, question: str, **fields: Any) -> SpatialAnswer:
        """Ask again and again until an answer is as wanted; the last one in any case."""
        end_s = time.monotonic() + UNTIL_S
        while True:
            answer = self.ask(question, **fields)
            if wanted(answer) or time.monotonic() > end_s:
                return answer
            time.sleep(0.05)
