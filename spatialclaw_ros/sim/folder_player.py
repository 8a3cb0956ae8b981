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

"""Plays a folder of frames as topics, once for everybody who begins to listen."""

from __future__ import annotations

import threading

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage

from spatialclaw_ros.ros.compat.tf2 import StaticTransformBroadcaster, TransformBroadcaster
from spatialclaw_ros.sim.folder import FrameFolder
from spatialclaw_ros.sim.messages import (
    COLOR_FORMAT,
    DEPTH_FORMAT,
    DEPTH_HEADER,
    RELIABLE_QOS,
    SECOND_NS,
    Topics,
    camera_info,
    compressed_message,
    transform_messages,
)
from spatialclaw_ros.sim.trajectory import BASE_FRAME, WORLD_FRAME

TOPICS = Topics('/camera')
OPTICAL_FRAME = 'camera_color_optical_frame'
RATE_HZ = 8.0
SETTLE_S = 0.5
POLL_S = 0.1


class FolderPlayer:
    """Publishes the frames of a folder, the images as they are on disk.

    They are played once, faster than they were taken, with stamps of now and TF at each stamp;
    after that a query's window holds them all for as long as nothing newer comes. They are played
    again when someone new listens.

    Args:
        node: publishes.
        folder: the frames.
        rate_hz: frames a second.
    """

    def __init__(self, node: Node, folder: FrameFolder, rate_hz: float = RATE_HZ) -> None:
        self._node = node
        self._folder = folder
        self._period_s = 1.0 / rate_hz
        self._color = node.create_publisher(
            CompressedImage, TOPICS.color_compressed, RELIABLE_QOS)
        self._depth = node.create_publisher(
            CompressedImage, TOPICS.depth_compressed, RELIABLE_QOS)
        self._info = node.create_publisher(CameraInfo, TOPICS.info, RELIABLE_QOS)
        self._tf = TransformBroadcaster(node)
        self._static_tf = StaticTransformBroadcaster(node)

    def run(self, stop: threading.Event) -> None:
        """Play whenever someone begins to listen, until `stop` is set."""
        self._static_tf.sendTransform(transform_messages(
            {(WORLD_FRAME, BASE_FRAME): np.eye(4)}, self._node.get_clock().now().nanoseconds))
        heard_by = 0
        while not stop.wait(POLL_S):
            listeners = self._listeners()
            if listeners > heard_by and not stop.wait(SETTLE_S):
                self._play(stop)
            heard_by = listeners

    def _listeners(self) -> int:
        return min(
            publisher.get_subscription_count()
            for publisher in (self._color, self._depth, self._info))

    def _play(self, stop: threading.Event) -> None:
        start_ns = self._node.get_clock().now().nanoseconds
        self._node.get_logger().info(
            f'playing {len(self._folder.frames)} frames of {self._folder.path}')
        for number, frame in enumerate(self._folder.frames):
            stamp_ns = start_ns + round(number * self._period_s * SECOND_NS)
            wait_ns = stamp_ns - self._node.get_clock().now().nanoseconds
            if stop.wait(max(0.0, wait_ns / SECOND_NS)):
                return
            self._tf.sendTransform(transform_messages(
                {(WORLD_FRAME, OPTICAL_FRAME): frame.T_world_camera}, stamp_ns))
            self._info.publish(camera_info(self._folder.camera, stamp_ns, OPTICAL_FRAME))
            self._depth.publish(compressed_message(
                DEPTH_HEADER + frame.depth.read_bytes(), DEPTH_FORMAT, stamp_ns, OPTICAL_FRAME))
            self._color.publish(compressed_message(
                frame.color.read_bytes(), COLOR_FORMAT, stamp_ns, OPTICAL_FRAME))
        self._node.get_logger().info(f'played {len(self._folder.frames)} frames')
