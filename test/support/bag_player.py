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

"""Writes a bag of one camera and its TF, and plays it as `ros2 bag play --clock` does.

Like rosbag2's player it publishes the bag's time on `/clock` 40 times a second, also while it is
paused, begins again from the bag's first stamp when it loops, and offers `/tf_static` latched.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.serialization import serialize_message
from rclpy.time import Time
from robot_double import (
    BASE_IN_ODOM,
    CAMERA_FRAME,
    TOPICS,
    T_base_camera,
    image_message,
    info_message,
    render,
    transform_message,
)
from rosbags.rosbag2 import Reader, Writer
from rosbags.typesys import Stores, get_typestore
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage

CLOCK_HZ = 40.0
FIRST_S = 1000.0
TYPES = {TOPICS['image']: Image, TOPICS['depth']: Image, TOPICS['camera_info']: CameraInfo,
         '/tf': TFMessage, '/tf_static': TFMessage}
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def write_bag(folder: Path, seconds: float = 3.0, rate_hz: float = 10.0) -> Path:
    """Write what `RobotDouble` sends, from `FIRST_S` on; the bag's folder."""
    store = get_typestore(Stores.LATEST)
    colour, depth = render()
    messages: dict[str, Any] = {
        TOPICS['image']: image_message(colour, 'rgb8'),
        TOPICS['depth']: image_message(depth, '32FC1'), TOPICS['camera_info']: info_message()}
    base = np.eye(4)
    base[:3, 3] = BASE_IN_ODOM
    path = folder / 'bag'
    with Writer(path, version=9) as writer:
        connections = {}
        for topic, kind in TYPES.items():
            name = f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'
            connections[topic] = writer.add_connection(topic, name, typestore=store)
        for step in range(round(seconds * rate_hz)):
            at = Time(seconds=FIRST_S + step / rate_hz)
            stamp = at.to_msg()
            due = {'/tf': TFMessage(transforms=[
                transform_message('odom', 'base_link', base, stamp)]), **messages}
            if step == 0:
                due['/tf_static'] = TFMessage(transforms=[
                    transform_message('base_link', CAMERA_FRAME, T_base_camera, stamp)])
            for topic, message in due.items():
                if hasattr(message, 'header'):
                    message.header.stamp = stamp
                writer.write(connections[topic], at.nanoseconds, serialize_message(message))
    return path


class BagPlayer:
    """Plays a bag on a thread of its own until it is closed, or once when it doesn't loop.

    Args:
        path: the bag's folder.
        loop: whether it begins again at its end.
    """

    def __init__(self, path: Path, *, loop: bool = False) -> None:
        with Reader(path) as reader:
            self._entries = [
                (stamp_ns, connection.topic, bytes(data))
                for connection, stamp_ns, data in reader.messages()]
        self._loop = loop
        self.lap = 0
        self.now_ns = self._entries[0][0]
        self.context = Context()
        rclpy.init(args=[], context=self.context)
        self.node = Node('bag_player', context=self.context, start_parameter_services=False)
        self._clock = self.node.create_publisher(Clock, '/clock', 10)
        self._publishers = {
            topic: self.node.create_publisher(
                kind, topic, LATCHED if topic == '/tf_static' else (
                    qos_profile_sensor_data if kind is not TFMessage else 100))
            for topic, kind in TYPES.items()}
        self.paused = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='bag player', daemon=True)

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    def close(self) -> None:
        """Stop and leave the graph."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)

    def _run(self) -> None:
        first_ns, last_ns = self._entries[0][0], self._entries[-1][0]
        at, tick_s = 0, time.monotonic()
        while not self._stop.wait(1.0 / CLOCK_HZ):
            now_s = time.monotonic()
            if not self.paused.is_set():
                self.now_ns += int((now_s - tick_s) * 1e9)
            tick_s = now_s
            if self.now_ns > last_ns and self._loop:
                self.now_ns, at = first_ns, 0
                self.lap += 1
            elif self.now_ns > last_ns:
                self.now_ns = last_ns
            self._clock.publish(Clock(clock=Time(nanoseconds=self.now_ns).to_msg()))
            while at < len(self._entries) and self._entries[at][0] <= self.now_ns:
                _, topic, data = self._entries[at]
                self._publishers[topic].publish(data)
                at += 1
