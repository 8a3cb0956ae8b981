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

"""A robot for tests: one fixed RGB-D camera over a table with a red and a blue ball, and its TF.

The picture is ray-traced once, so that every distance is known; publishing it is then cheap.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.geometry.se3 import look_at, matrix_to_quat_xyzw

WIDTH, HEIGHT, FOCAL = 320, 240, 300.0
BALL_RADIUS_M = 0.05
BALLS = {'red': ((0.60, 0.15, 0.05), (200, 25, 25)), 'blue': ((0.60, -0.15, 0.05), (25, 50, 200))}
GAP_M = 0.30 - 2 * BALL_RADIUS_M
BASE_IN_ODOM = (1.0, 2.0, 0.0)
CAMERA_FRAME = 'camera_color_optical_frame'
T_base_camera = look_at(np.array([0.0, 0.0, 0.6]), np.array([0.65, 0.0, 0.0]))

TOPICS = {
    'image': '/camera/color/image_raw', 'camera_info': '/camera/color/camera_info',
    'depth': '/camera/depth/image_rect',
}
PARAMETERS = {
    'cameras': ['camera'],
    **{f'camera.{role}': topic for role, topic in TOPICS.items()},
}


def render(
    pose: np.ndarray = T_base_camera, zoom: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 3) uint8 RGB and (H, W) float32 depth along z, metres.

    Args:
        pose: (4, 4) of the camera in the base.
        zoom: pixels, each way, for one of the plain picture.
    """
    width, height, focal = WIDTH * zoom, HEIGHT * zoom, FOCAL * zoom
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    rays = np.stack([
        (x - (width - 1) / 2) / focal, (y - (height - 1) / 2) / focal, np.ones_like(x, float)],
        axis=-1)
    rays = rays @ pose[:3, :3].T
    eye = pose[:3, 3]
    depth = -eye[2] / rays[..., 2]
    image = np.full((height, width, 3), (150, 120, 90), dtype=np.float64)
    light = np.array([0.3, 0.2, 0.93])
    for center, colour in BALLS.values():
        offset = eye - np.array(center)
        a = (rays ** 2).sum(axis=-1)
        b = 2 * (rays @ offset)
        c = offset @ offset - BALL_RADIUS_M ** 2
        root = b ** 2 - 4 * a * c
        near = (-b - np.sqrt(np.maximum(root, 0))) / (2 * a)
        hit = (root > 0) & (near < depth)
        depth = np.where(hit, near, depth)
        normal = (eye + near[..., None] * rays - center) / BALL_RADIUS_M
        shade = 0.75 + 0.25 * np.clip(normal @ light, 0, 1)
        image[hit] = (shade[..., None] * np.array(colour))[hit]
    return image.round().astype(np.uint8), depth.astype(np.float32)


def image_message(
    array: np.ndarray, encoding: str, frame_id: str = CAMERA_FRAME,
) -> Image:
    """An image message of an array, stamp unset."""
    message = Image(
        height=array.shape[0], width=array.shape[1], encoding=encoding,
        step=array.strides[0], is_bigendian=0)
    message.header.frame_id = frame_id
    message.data.frombytes(np.ascontiguousarray(array).tobytes())
    return message


def info_message(frame_id: str = CAMERA_FRAME, zoom: int = 1) -> CameraInfo:
    """CameraInfo of the camera, stamp unset."""
    width, height, focal = WIDTH * zoom, HEIGHT * zoom, FOCAL * zoom
    info = CameraInfo(width=width, height=height, distortion_model='plumb_bob', d=[0.0] * 5)
    cx, cy = (width - 1) / 2, (height - 1) / 2
    info.k = [focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0]
    info.p = [focal, 0.0, cx, 0.0, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    info.header.frame_id = frame_id
    return info


def transform_message(
    parent: str, child: str, T_parent_child: np.ndarray, stamp: Any,
) -> TransformStamped:
    """A transform as TF sends it."""
    x, y, z, w = (float(c) for c in matrix_to_quat_xyzw(T_parent_child[:3, :3]))
    message = TransformStamped(child_frame_id=child, transform=Transform(
        translation=Vector3(**dict(zip('xyz', map(float, T_parent_child[:3, 3])))),
        rotation=Quaternion(x=x, y=y, z=z, w=w)))
    message.header.frame_id = parent
    message.header.stamp = stamp
    return message


class RobotDouble:
    """Publishes the camera and TF on a thread of its own until it is closed.

    `image`, `depth`, `info` and `transforms` may be replaced at any time (None stops that one);
    `edit` sees every message just before it goes out.

    Args:
        rate_hz: images a second.
        context: ROS context to live in; None makes one.
    """

    def __init__(self, rate_hz: float = 10.0, context: Context | None = None) -> None:
        self._own = context is None
        self.context = context or Context()
        if self._own:
            rclpy.init(args=[], context=self.context)
        self.node = Node('robot_double', context=self.context, start_parameter_services=False)
        self.publishers = {
            'image': self.node.create_publisher(Image, TOPICS['image'], qos_profile_sensor_data),
            'depth': self.node.create_publisher(Image, TOPICS['depth'], qos_profile_sensor_data),
            'info': self.node.create_publisher(
                CameraInfo, TOPICS['camera_info'], qos_profile_sensor_data),
        }
        self.tf = self.node.create_publisher(TFMessage, '/tf', 100)
        self.tf_static = self.node.create_publisher(
            TFMessage, '/tf_static',
            QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        image, depth = render()
        self.reset(image, depth)
        self._period_s = 1.0 / rate_hz
        self._stop = threading.Event()
        self._paused = threading.Event()
        self._lock = threading.Lock()
        stamp = self.node.get_clock().now().to_msg()
        self.tf_static.publish(TFMessage(transforms=[
            transform_message('base_link', CAMERA_FRAME, T_base_camera, stamp)]))
        self._thread = threading.Thread(target=self._run, name='robot', daemon=True)
        self._thread.start()

    def reset(self, image: np.ndarray | None = None, depth: np.ndarray | None = None) -> None:
        """Publish the plain scene again."""
        if image is None or depth is None:
            image, depth = render()
        self.image: Image | None = image_message(image, 'rgb8')
        self.depth: Image | None = image_message(depth, '32FC1')
        self.info: CameraInfo | None = info_message()
        self.transforms = [('odom', 'base_link', _translation(BASE_IN_ODOM))]
        self.stamp_offset_s = 0.0

    def pause(self, paused: bool) -> None:
        """Stop publishing, or go on; returns once it holds."""
        (self._paused.set if paused else self._paused.clear)()
        with self._lock:
            pass

    def close(self) -> None:
        """Stop and leave the graph."""
        self._stop.set()
        self._thread.join()
        self.node.destroy_node()
        if self._own:
            rclpy.try_shutdown(context=self.context)

    def publish_once(self) -> None:
        """Publish one image and what goes with it, now."""
        with self._lock:
            self._publish()

    def _run(self) -> None:
        while not self._stop.wait(self._period_s):
            if not self._paused.is_set():
                self.publish_once()

    def _publish(self) -> None:
        now = self.node.get_clock().now().nanoseconds + int(self.stamp_offset_s * 1e9)
        sec, nanosec = divmod(now, 1_000_000_000)
        for name, publisher in self.publishers.items():
            message = getattr(self, name)
            if message is not None:
                message.header.stamp.sec, message.header.stamp.nanosec = sec, nanosec
                publisher.publish(message)
                stamp = message.header.stamp
        if self.transforms and any(getattr(self, name) for name in self.publishers):
            self.tf.publish(TFMessage(transforms=[
                transform_message(parent, child, pose, copy.copy(stamp))
                for parent, child, pose in self.transforms]))


def _translation(xyz: tuple[float, float, float]) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, 3] = xyz
    return pose


def spin_until(
    node: Node, condition: Callable[[], object], timeout_s: float = 60.0,
) -> bool:
    """Spin a node of its own context until something holds; False when it never did."""
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    end_s = time.monotonic() + timeout_s
    try:
        while not condition():
            if time.monotonic() > end_s:
                return False
            executor.spin_once(timeout_sec=0.05)
    except ExternalShutdownException:
        return False
    finally:
        executor.remove_node(node)
        executor.shutdown()
    return True
