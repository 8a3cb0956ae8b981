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

"""Plays a recording as topics, over and over, with stamps of now."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.node import Node

from spatialclaw_ros.ros.compat.tf2 import StaticTransformBroadcaster
from spatialclaw_ros.sim.messages import RELIABLE_QOS, SECOND_NS
from spatialclaw_ros.sim.recording import LATCHED, TYPES, Recording, restamp


class Player:
    """Publishes the messages of a recording as they come due.

    Each round is shifted by a whole number of the recording's period, so stamps are of now, never
    go back, and still tell where in its swing the robot was.

    Args:
        node: publishes.
        recording: what to play.
    """

    def __init__(self, node: Node, recording: Recording) -> None:
        self._node = node
        self._recording = recording
        self._publishers: dict[str, Any] = {
            topic: node.create_publisher(kind, topic, RELIABLE_QOS)
            for topic, kind in TYPES.items() if topic != LATCHED}
        self._static_tf = StaticTransformBroadcaster(node)
        self.published = 0

    def run(self, stop: threading.Event) -> None:
        """Play until `stop` is set."""
        clock = self._node.get_clock()
        now_ns = clock.now().nanoseconds
        messages = [entry for entry in self._recording.messages if entry[1] != LATCHED]
        for _, topic, message in self._recording.messages:
            if topic == LATCHED:
                restamp(message, 0, now_ns)
                self._static_tf.sendTransform(message.transforms)
        period_ns = self._recording.period_ns
        shift_ns = (now_ns - messages[0][0]) // period_ns * period_ns
        while not stop.is_set():
            for original_ns, topic, message in messages:
                due_ns = original_ns + shift_ns
                if due_ns < now_ns:
                    continue
                if stop.wait(max(0, due_ns - clock.now().nanoseconds) / SECOND_NS):
                    return
                restamp(message, shift_ns, original_ns)
                self._publishers[topic].publish(message)
                self.published += 1
            shift_ns += period_ns
