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


"""Ends queries whose client has left the ROS graph: a dead client's place is for others."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from spatialclaw_ros.ros.query import QueryRunner

LOOK_S = 1.0
GONE_S = 3.0


class Leavers:
    """Looks for the clients of queries under way that are nodes, and were there before.

    ROS does not tell who sent a goal or a call, so a client is known by what it calls itself: the
    name of its node with the namespace, as `SpatialClient` does.

    Args:
        node: looks, once a second.
        group: for that.
        runner: of this moment, None while the node is not active.
    """

    def __init__(
        self, node: Node, group: CallbackGroup, runner: Callable[[], QueryRunner | None],
    ) -> None:
        self._node = node
        self._runner = runner
        self._missing_s: dict[str, float | None] = {}
        # on a clock that a paused simulation does not stop
        self._timer = node.create_timer(
            LOOK_S, self._look, callback_group=group,
            clock=Clock(clock_type=ClockType.STEADY_TIME))

    def close(self) -> None:
        """Look no longer."""
        self._node.destroy_timer(self._timer)

    def _look(self) -> None:
        runner = self._runner()
        clients = {} if runner is None else runner.clients
        known = self._missing_s
        self._missing_s = {query_id: known[query_id] for query_id in clients if query_id in known}
        if runner is None or not clients:
            return
        there = {f'{namespace.rstrip("/")}/{name}'
                 for name, namespace in self._node.get_node_names_and_namespaces()}
        for query_id, client in clients.items():
            if client in there:
                self._missing_s[query_id] = None
            elif query_id in self._missing_s:
                since_s = self._missing_s[query_id] or time.monotonic()
                self._missing_s[query_id] = since_s
                if time.monotonic() - since_s >= GONE_S and runner.cancel(query_id):
                    self._missing_s[query_id] = math.inf  # told once
                    self._node.get_logger().warning(
                        f'query {query_id} is cancelled: its client {client} left the ROS graph')
