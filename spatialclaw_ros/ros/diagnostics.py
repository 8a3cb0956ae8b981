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

"""Publishes `/diagnostics` once a second, in every state of the node's lifecycle."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Callable, Iterator

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from spatialclaw_ros.perception import Perception
from spatialclaw_ros.ros import health
from spatialclaw_ros.ros.camera_health import CamerasHealth
from spatialclaw_ros.ros.compat.events import PublisherEventCallbacks
from spatialclaw_ros.ros.health import Health, Sources
from spatialclaw_ros.ros.perception_health import PerceptionHealth
from spatialclaw_ros.ros.plain import shown_line
from spatialclaw_ros.ros.query import Outcome
from spatialclaw_ros.ros.query_log import QueryLog

PERIOD_S = 1.0
FAULT_PAUSE_S = 60.0


class Diagnostics:
    """Owns the publisher and its timer, which runs on the steady clock and in its own group.

    Names of parts are `NODE: PART`, as diagnostic_updater has them, NODE with its namespace
    where it has one, so that two robots on one `/diagnostics` are told apart.

    Args:
        node: node to publish from.
        look: what there is to tell of, now.
    """

    def __init__(self, node: Node, look: Callable[[], Sources]) -> None:
        self._node = node
        self._look = look
        self._prefix = node.get_fully_qualified_name().strip('/')
        self._host = platform.node()
        self._perception: tuple[Perception, PerceptionHealth] | None = None
        self._cameras = CamerasHealth()
        self.queries = QueryLog()
        # without event handlers, which cost time (see `Outputs`): that a latched reader gets
        # nothing is told by its own node
        self._publisher = node.create_publisher(
            DiagnosticArray, '/diagnostics', 10,
            event_callbacks=PublisherEventCallbacks(use_default_callbacks=False))
        self._timer = node.create_timer(
            PERIOD_S, self.publish, MutuallyExclusiveCallbackGroup(),
            clock=Clock(clock_type=ClockType.STEADY_TIME))

    def close(self) -> None:
        """Stop publishing."""
        self._timer.cancel()

    def forget(self) -> None:
        """Let go of a perception that is closed, which would stay until the next look."""
        self._perception = None

    def ended(self, outcome: Outcome, client: str = '') -> None:
        """Remember how a query ended, and who asked; any thread."""
        self.queries.add(outcome, client)

    def publish(self) -> None:
        """Publish the state of this moment."""
        try:
            array = DiagnosticArray(status=[self._message(one) for one in self._parts()])
            array.header.stamp = self._node.get_clock().now().to_msg()
            self._publisher.publish(array)
        # the timer's outermost edge: a part may be closed while it is looked at
        except Exception:
            self._node.get_logger().warning(
                f'/diagnostics is left out once:\n{traceback.format_exc()}',
                throttle_duration_sec=FAULT_PAUSE_S)

    def _parts(self) -> Iterator[Health]:
        seen = self._look()
        name = self._node.get_fully_qualified_name()
        yield health.of_lifecycle(seen, name)
        yield from self._cameras.look(seen)
        yield health.of_kernel(seen)
        yield health.of_backbone(seen)
        yield self._of_perception(seen)
        yield health.of_queries(seen, self.queries)
        yield health.of_installation()

    def _of_perception(self, seen: Sources) -> Health:
        if seen.perception is None:
            self._perception = None
            return health.absent('perception', seen)
        if self._perception is None or self._perception[0] is not seen.perception:
            self._perception = seen.perception, PerceptionHealth(seen.perception)
        return Health('perception', *self._perception[1].look())

    def _message(self, part: Health) -> DiagnosticStatus:
        return DiagnosticStatus(
            name=f'{self._prefix}: {part.name}', level=part.level, message=shown_line(part.message),
            hardware_id=part.hardware or self._host, values=[
                KeyValue(key=key, value=shown_line(value)) for key, value in part.values.items()])
