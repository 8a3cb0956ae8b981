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


"""The robot of the soak, a program of its own: three RGB-D cameras 640x480, TF at 50 Hz.

Pictures are drawn once and go out as bytes in which only the stamp is new. What goes wrong is told
line by line on standard input, `{"camera": "left", "mode": "short_data"}` or `{"tf": false}`; each
line is answered with `ok` once it holds. The end of the input is the end of the robot.
"""

from __future__ import annotations

import json
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import plates
import rclpy
from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.serialization import serialize_message
from robot_double import (
    BASE_IN_ODOM,
    image_message,
    info_message,
    render,
    transform_message,
)
from sensor_msgs.msg import CameraInfo, Image
from soak_scene import CAMERAS, JUMP_M, MODES, POSES
from tf2_msgs.msg import TFMessage

TF_HZ = 50.0
ROLES = {'image': ('image_raw', Image), 'depth': ('depth', Image),
         'info': ('camera_info', CameraInfo)}
# where CDR has the stamp of a message that begins with a header
STAMP = struct.Struct('<iI')
STAMP_AT = 4


def frame_of(camera: str, mode: str = 'plain') -> str:
    """Name of a camera's optical frame."""
    return f'{camera}_{"renamed_" if mode == "renamed" else ""}optical_frame'


def _picture(scene: str, camera: str, zoom: int) -> tuple[np.ndarray, np.ndarray]:
    if scene == 'balls':
        return render(POSES[camera], zoom)
    image, depth = plates.scene()
    return (image.repeat(zoom, axis=0).repeat(zoom, axis=1),
            depth.repeat(zoom, axis=0).repeat(zoom, axis=1))


def messages(scene: str, camera: str, mode: str) -> dict[str, bytes]:
    """Serialized messages of a camera by role, stamps unset."""
    if mode == 'off':
        return {}
    zoom = 1 if mode == 'small' else 2
    frame = frame_of(camera, mode)
    colour, depth = _picture(scene, camera, zoom)
    made: dict[str, Any] = {
        'image': image_message(colour, 'rgb8', frame),
        'depth': image_message(np.rint(depth * 1000).astype(np.uint16), '16UC1', frame),
        'info': info_message(frame, zoom)}
    if mode == 'wrong_step':
        made['image'].step = made['image'].width
    elif mode == 'short_data':
        made['image'].data = made['image'].data[:len(made['image'].data) // 2]
    elif mode == 'unknown_encoding':
        made['image'].encoding = 'yuv9_made_up'
    elif mode == 'short_depth':
        made['depth'].data = made['depth'].data[:1000]
    elif mode == 'no_depth':
        del made['depth']
    return {role: serialize_message(message) for role, message in made.items()}


@dataclass(frozen=True)
class State:
    """What the robot does now; a new one replaces it, so no lock is needed."""

    modes: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CAMERAS, 'plain'))
    tf: bool = True
    jump: bool = False
    offset_s: float = 0.0

    def told(self, order: dict[str, Any]) -> State:
        """The state after an order."""
        order = dict(order)
        if 'camera' in order:
            mode = order.pop('mode')
            if mode not in MODES:
                raise ValueError(f'mode is one of {", ".join(MODES)}, got {mode!r}')
            return replace(self, modes={**self.modes, order.pop('camera'): mode})
        return replace(self, **order)


class Robot:
    """Publishes until the process ends.

    Args:
        scene: 'balls', or 'plates' for laboratory models.
    """

    def __init__(self, scene: str) -> None:
        self.state = State()
        self.published = 0
        self._late: list[tuple[str, bytes]] = []
        self._node = Node('soak_robot', start_parameter_services=False, enable_rosout=False)
        self._messages = {(camera, mode): messages(scene, camera, mode)
                          for camera in CAMERAS for mode in MODES}
        self._publishers = {
            (camera, role): self._node.create_publisher(
                kind, f'/{camera}/{name}', qos_profile_sensor_data)
            for camera in CAMERAS for role, (name, kind) in ROLES.items()}
        self._tf = self._node.create_publisher(TFMessage, '/tf', 100)
        self._static = self._node.create_publisher(
            TFMessage, '/tf_static',
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        stamp = self._node.get_clock().now().to_msg()
        self._static.publish(TFMessage(transforms=[
            transform_message('base_link', frame_of(camera, mode), pose, stamp)
            for camera, pose in POSES.items() for mode in ('plain', 'renamed')]))

    def every(self, rate_hz: float, act: Callable[[State], object]) -> None:
        """Do something at a rate on a thread of its own; what comes too late is left out."""
        def run() -> None:
            period_s = 1.0 / rate_hz
            due_s = time.monotonic()
            while True:
                act(self.state)
                due_s = max(due_s + period_s, time.monotonic())
                time.sleep(max(0.0, due_s - time.monotonic()))

        threading.Thread(target=run, daemon=True).start()

    def publish_images(self, state: State) -> None:
        """One picture of each camera, all with the same stamp.

        Depth goes out a picture later, as it does where a camera must match two images for it.
        """
        stamp = STAMP.pack(*divmod(self._now_ns(state), 1_000_000_000))
        late, self._late = self._late, []
        for camera, data in late:
            self._publishers[camera, 'depth'].publish(data)
        for camera in CAMERAS:
            for role, data in self._messages[camera, state.modes[camera]].items():
                stamped = data[:STAMP_AT] + stamp + data[STAMP_AT + STAMP.size:]
                if role == 'depth':
                    self._late.append((camera, stamped))
                else:
                    self._publishers[camera, role].publish(stamped)
        self.published += 1

    def publish_tf(self, state: State) -> None:
        """Where the base is; it stands still, or is said to be elsewhere."""
        if not state.tf:
            return
        pose = np.eye(4)
        pose[:3, 3] = np.add(BASE_IN_ODOM, JUMP_M if state.jump else (0.0, 0.0, 0.0))
        sec, nanosec = divmod(self._now_ns(state), 1_000_000_000)
        self._tf.publish(TFMessage(transforms=[transform_message(
            'odom', 'base_link', pose, Time(sec=sec, nanosec=nanosec))]))

    def _now_ns(self, state: State) -> int:
        return int(self._node.get_clock().now().nanoseconds + state.offset_s * 1e9)


def main(scene: str, rate_hz: float) -> None:
    """Publish, and do as told."""
    rclpy.init(args=[])
    robot = Robot(scene)
    robot.every(rate_hz, robot.publish_images)
    robot.every(TF_HZ, robot.publish_tf)
    print('ok', flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order:
            robot.state = robot.state.told(order)
        # whoever asks without an order wants to know how many pictures went out
        print(f'ok {robot.published}', flush=True)


if __name__ == '__main__':
    main(sys.argv[1], float(sys.argv[2]))
