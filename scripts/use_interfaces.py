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


"""Uses an installed package as a client would: a query through a service, and a message on /tf.

usage: use_interfaces.py PREFIX, the folder that everything must have been imported from.
"""

from __future__ import annotations

import sys
from pathlib import Path

import rclpy
from rclpy.client import Client
from rclpy.executors import SingleThreadedExecutor
from tf2_msgs.msg import TFMessage

import spatialclaw_ros
from spatialclaw_ros.ros.compat.dds import profile_path
from spatialclaw_ros.srv import SpatialQuery


def main(prefix: Path) -> int:
    """Return 0 when the installed interfaces work."""
    for path in (Path(spatialclaw_ros.__file__), profile_path()):
        if not path.absolute().is_relative_to(prefix) or not path.exists():
            print(f'{path} is not below {prefix}')
            return 1
    rclpy.init()
    node = rclpy.create_node('use_interfaces')
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    heard: list[TFMessage] = []

    def echo(request: SpatialQuery.Request, response: SpatialQuery.Response) -> object:
        response.answer.text = request.question
        return response

    node.create_service(SpatialQuery, 'query', echo)
    node.create_subscription(TFMessage, 'tf', heard.append, 10)
    publisher = node.create_publisher(TFMessage, 'tf', 10)
    client: Client = node.create_client(SpatialQuery, 'query')
    future = client.call_async(SpatialQuery.Request(question='how far is the mug?'))
    for _ in range(100):
        publisher.publish(TFMessage())
        executor.spin_once(timeout_sec=0.1)
        if future.done() and heard:
            break
    reply = future.result()
    answer = None if reply is None else reply.answer.text
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown()
    print(f'{prefix}: the service answered {answer!r}, {len(heard)} messages on tf')
    return 0 if answer == 'how far is the mug?' and heard else 1


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1]).absolute()))
