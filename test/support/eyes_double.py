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

"""Several cameras around the table of `robot_double`; each can be changed while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from robot_double import (
    BASE_IN_ODOM,
    image_message,
    info_message,
    render,
    transform_message,
)
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.geometry.se3 import look_at

RATE_HZ = 10.0
POSES = {
    # one ball each, both balls, and both from the other side
    'left': look_at(np.array([0.36, 0.18, 0.22]), np.array([0.60, 0.16, 0.05])),
    'right': look_at(np.array([0.36, -0.18, 0.22]), np.array([0.60, -0.16, 0.05])),
    'front': look_at(np.array([0.0, 0.0, 0.6]), np.array([0.65, 0.0, 0.0])),
    'late': look_at(np.array([0.05, 0.1, 0.6]), np.array([0.62, 0.0, 0.0])),
}


def parameters(*names: str) -> dict[str, Any]:
    """Parameters of a node that looks through some of the cameras."""
    return {
        'cameras': list(names), **{f'{name}.image': f'/{name}/image' for name in names},
        **{f'{name}.depth': f'/{name}/depth' for name in names}}


Edit = Callable[[Any], Any]
"""Changes a message of one camera; None in its place keeps it back."""


@dataclass
class Eye:
    """One camera: what it sends, and what `edit` makes of the messages of each role."""

    messages: dict[str, Any]
    on: bool = True
    edit: dict[str, Edit] = field(default_factory=dict)


class Eyes:
    """Publishes all cameras and TF on a thread until it is closed; `eyes` may be changed.

    Args:
        off: cameras that are silent, and not even advertised, until `start`.
    """

    def __init__(self, off: tuple[str, ...] = ()) -> None:
        self.context = Context()
        rclpy.init(args=[], context=self.context)
        self.node = Node('eyes', context=self.context, start_parameter_services=False)
        self.eyes = {name: Eye(messages(name), name not in off) for name in POSES}
        self.transforms: list[tuple[str, str, np.ndarray]] = [('odom', 'base_link', base())]
        self.tf = self.node.create_publisher(TFMessage, '/tf', 100)
        self._static = self.node.create_publisher(
            TFMessage, '/tf_static',
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self._static.publish(TFMessage(transforms=[
            transform_message('base_link', f'{name}_optical', pose, Time())
            for name, pose in POSES.items()]))
        self._publishers = {
            name: self._advertise(name) for name in POSES if name not in off}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='eyes', daemon=True)
        self._thread.start()

    def start(self, name: str) -> None:
        """Have a camera appear."""
        self._publishers[name] = self._advertise(name)
        self.eyes[name].on = True

    def reset(self) -> None:
        """Everything as it was, for the next test."""
        for name, eye in self.eyes.items():
            eye.messages, eye.edit, eye.on = messages(name), {}, name in self._publishers
        self.transforms = [('odom', 'base_link', base())]

    def close(self) -> None:
        """Stop and leave the graph."""
        self._stop.set()
        self._thread.join()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)

    def _advertise(self, name: str) -> dict[str, Any]:
        kinds = {'camera_info': CameraInfo, 'depth': Image, 'image': Image}
        return {role: self.node.create_publisher(kind, f'/{name}/{role}', qos_profile_sensor_data)
                for role, kind in kinds.items()}

    def _run(self) -> None:
        while not self._stop.wait(1.0 / RATE_HZ):
            stamp = self.node.get_clock().now().to_msg()
            self.tf.publish(TFMessage(transforms=[
                transform_message(*each, stamp) for each in list(self.transforms)]))
            for name, publishers in list(self._publishers.items()):
                eye = self.eyes[name]
                for role, publisher in publishers.items():
                    message = eye.messages[role]
                    message.header.stamp = stamp
                    if role in eye.edit:
                        message = eye.edit[role](message)
                    if eye.on and message is not None:
                        publisher.publish(message)


def base() -> np.ndarray:
    """(4, 4) of the base in odom."""
    pose = np.eye(4)
    pose[:3, 3] = BASE_IN_ODOM
    return pose


def messages(name: str, zoom: int = 1, frame_id: str = '') -> dict[str, Any]:
    """What a camera sends, by role, stamps unset."""
    colour, depth = render(POSES[name], zoom)
    frame_id = frame_id or f'{name}_optical'
    return {
        'image': image_message(colour, 'rgb8', frame_id),
        'depth': image_message(depth, '32FC1', frame_id),
        'camera_info': info_message(frame_id, zoom)}
