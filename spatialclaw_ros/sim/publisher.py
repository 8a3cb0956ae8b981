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

"""Publishes what the simulated robot sees, at a steady rate, until it is told to stop."""

from __future__ import annotations

import array
import threading

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from spatialclaw_ros.ros.compat.tf2 import StaticTransformBroadcaster, TransformBroadcaster
from spatialclaw_ros.sim.messages import (
    SECOND_NS,
    SENSOR_QOS,
    Topics,
    camera_info,
    color_data,
    depth_data,
    image_message,
    transform_messages,
)
from spatialclaw_ros.sim.render import SceneRenderer
from spatialclaw_ros.sim.trajectory import OPTICAL_FRAME, fixed

TOPICS = Topics('/wrist')
# 10 s of motion are a whole number of 62.5 ms, so that every cycle meets the same poses.
RATE_HZ = 16


class SimRobot:
    """The camera robot's topics: colour (rgb8), depth (16UC1), CameraInfo, TF.

    The motion repeats exactly, and so do the pictures: each is drawn once and then kept, so that
    the simulator leaves the processor to the node after its first cycle (about 250 MB).

    Args:
        node: publishes.
        renderer: draws; its thread is the one that calls `run`.
        rate_hz: images a second; a whole number of images must fit into the motion's period.
    """

    def __init__(self, node: Node, renderer: SceneRenderer, rate_hz: int = RATE_HZ) -> None:
        self._node = node
        self._renderer = renderer
        self._trajectory = renderer.scene.trajectory
        self._step_ns, rest_ns = divmod(SECOND_NS, rate_hz)
        if rest_ns or self._trajectory.period_ns % self._step_ns:
            raise ValueError(
                f'at {rate_hz} Hz no whole number of images fits into the motion\'s '
                f'{self._trajectory.period_ns * 1e-9:g} s; try {RATE_HZ}')
        self._drawn: dict[int, tuple[array.array[int], array.array[int]]] = {}
        self._color = node.create_publisher(Image, TOPICS.color, SENSOR_QOS)
        self._depth = node.create_publisher(Image, TOPICS.depth, SENSOR_QOS)
        self._info = node.create_publisher(CameraInfo, TOPICS.info, SENSOR_QOS)
        self._tf = TransformBroadcaster(node)
        self._static_tf = StaticTransformBroadcaster(node)
        self.published = 0

    def run(self, stop: threading.Event) -> None:
        """Publish until `stop` is set; images whose time has passed already are left out."""
        clock = self._node.get_clock()
        now_ns = clock.now().nanoseconds
        self._static_tf.sendTransform(transform_messages(fixed(), now_ns))
        stamp_ns = now_ns - now_ns % self._step_ns
        while not stop.is_set():
            now_ns = clock.now().nanoseconds
            stamp_ns = max(stamp_ns + self._step_ns, now_ns - now_ns % self._step_ns)
            if stop.wait(max(0.0, (stamp_ns - now_ns) / SECOND_NS)):
                return
            self.publish(stamp_ns)

    def publish(self, stamp_ns: int) -> None:
        """Publish the robot's state and what it sees at a stamp."""
        self._tf.sendTransform(
            transform_messages(self._trajectory.moving(stamp_ns), stamp_ns))
        color, depth = self._picture(stamp_ns)
        camera = self._renderer.scene.camera
        size = camera.width, camera.height
        self._info.publish(camera_info(camera, stamp_ns, OPTICAL_FRAME))
        self._depth.publish(image_message(depth, *size, '16UC1', stamp_ns, OPTICAL_FRAME))
        self._color.publish(image_message(color, *size, 'rgb8', stamp_ns, OPTICAL_FRAME))
        self.published += 1

    def _picture(self, stamp_ns: int) -> tuple[array.array[int], array.array[int]]:
        phase_ns = stamp_ns % self._trajectory.period_ns
        if phase_ns not in self._drawn:
            image, depth_m = self._renderer.render(phase_ns)
            self._drawn[phase_ns] = color_data(image), depth_data(depth_m)
        return self._drawn[phase_ns]
