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

"""A bare rclpy subscriber of the topics named on the command line: `TYPE=TOPIC` each.

Each line on its standard input is answered with the number of images that came so far; the end of
the input is its end.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.ros.compat.dds import use_fastdds_profile

TYPES = {'Image': Image, 'CameraInfo': CameraInfo, 'TFMessage': TFMessage}


def main(topics: list[str]) -> None:
    """Subscribe, and count until the input or a signal says to stop."""
    use_fastdds_profile(os.environ)
    rclpy.init(args=[])
    node = Node('bare_subscriber')
    counts: dict[str, int] = {}

    def counting(kind: str) -> Callable[[object], None]:
        def count(_message: object) -> None:
            counts[kind] = counts.get(kind, 0) + 1
        return count

    for each in topics:
        kind, _, topic = each.partition('=')
        latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        qos = qos_profile_sensor_data if kind != 'TFMessage' else (
            latched if topic.endswith('static') else QoSProfile(depth=100))
        node.create_subscription(TYPES[kind], topic, counting(kind), qos)
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def answer() -> None:
        for _line in sys.stdin:
            print(counts.get('Image', 0), flush=True)
        rclpy.try_shutdown()

    threading.Thread(target=answer, daemon=True).start()
    print('ok', flush=True)
    with suppress(ExternalShutdownException):
        executor.spin()


if __name__ == '__main__':
    main(sys.argv[1:])
