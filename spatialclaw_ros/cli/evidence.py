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

"""Listens to what a node draws of its answers, and collects it as plain arrays."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from visualization_msgs.msg import Marker, MarkerArray

from spatialclaw_ros.geometry.se3 import make_transform, quat_xyzw_to_matrix
from spatialclaw_ros.ros.beginning import begin

SECOND_NS = 1_000_000_000
LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@dataclass(frozen=True, eq=False)
class Box:
    """An object's box.

    Args:
        label: the object's name.
        pose: (4, 4) of its centre and axes.
        size: (3,) metres along its axes.
        color: RGB, 0 to 1.
    """

    label: str
    pose: np.ndarray
    size: np.ndarray
    color: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Drawing:
    """All that a node drew for one answer, in one frame.

    Args:
        frame_id: TF frame of all points.
        overlay: (H, W, 3) uint8, the picture with masks.
        points: (N, 3) float32 of the objects.
        colors: (N, 3) uint8, a colour for each object.
        boxes: the objects.
        line: (2, 3) the measured line, None without one.
        marks: (K, 3) further points.
        text: what is written at the line.
        frusta: camera views, each (16, 3) ends of 8 edges.
    """

    frame_id: str
    overlay: np.ndarray
    points: np.ndarray
    colors: np.ndarray
    boxes: tuple[Box, ...] = ()
    line: np.ndarray | None = None
    marks: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    text: str = ''
    frusta: tuple[np.ndarray, ...] = ()


class EvidenceListener:
    """Collects `~/overlay`, `~/evidence` and `~/markers` of a node; a context of its own.

    Args:
        node: name of the node, with its namespace.
        info_topic: CameraInfo whose messages are counted, to know that images come.
    """

    def __init__(self, node: str, info_topic: str) -> None:
        self._context = Context()
        begin([], self._context)
        self._node = Node('spatialclaw_demo_viewer', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._latest: dict[str, Any] = {}
        self.images_seen = 0
        self.last_image_ns = 0
        for kind, topic in ((Image, 'overlay'), (PointCloud2, 'evidence'),
                            (MarkerArray, 'markers')):
            self._node.create_subscription(
                kind, f'{node}/{topic}',
                lambda message, topic=topic: self._latest.update({topic: message}), LATCHED)
        self._node.create_subscription(
            CameraInfo, info_topic, self._saw_image, qos_profile_sensor_data)

    def __enter__(self) -> EvidenceListener:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def spin(self, duration_s: float) -> None:
        """Take in what comes for a while."""
        end_s = time.monotonic() + duration_s
        while (left_s := end_s - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left_s)

    def forget(self) -> None:
        """Take in what is waiting, and forget all drawings: the next one is of the next answer."""
        self.spin(0.05)
        self._latest.clear()

    def drawing(self, timeout_s: float) -> Drawing | None:
        """Wait for the drawing of an answer; None when it doesn't come."""
        end_s = time.monotonic() + timeout_s
        while len(self._latest) < 3 and time.monotonic() < end_s:
            self._executor.spin_once(timeout_sec=0.1)
        if len(self._latest) < 3:
            return None
        latest = dict(self._latest)
        return read_drawing(latest['overlay'], latest['evidence'], latest['markers'])

    def _saw_image(self, info: CameraInfo) -> None:
        self.images_seen += 1
        self.last_image_ns = info.header.stamp.sec * SECOND_NS + info.header.stamp.nanosec


def read_drawing(overlay: Image, cloud: PointCloud2, markers: MarkerArray) -> Drawing:
    """Turn a node's messages into arrays."""
    picture = np.frombuffer(overlay.data, np.uint8).reshape(overlay.height, overlay.width, 3)
    packed = np.frombuffer(
        cloud.data, np.dtype([('xyz', '<f4', 3), ('bgr', 'u1', 3), ('pad', 'u1')]))
    texts = {(m.ns, m.id): m.text for m in markers.markers if m.type == Marker.TEXT_VIEW_FACING}
    boxes, frusta = [], []
    line, marks = None, np.empty((0, 3))
    for marker in markers.markers:
        key = marker.ns, marker.type
        if key == ('objects', Marker.CUBE):
            boxes.append(_box(marker, texts.get(('names', marker.id), '')))
        elif key == ('cameras', Marker.LINE_LIST):
            frusta.append(_points(marker))
        elif key == ('measure', Marker.LINE_LIST):
            line = _points(marker)
        elif key == ('points', Marker.SPHERE_LIST):
            marks = np.vstack([marks, _points(marker)])
        elif key == ('points', Marker.SPHERE):
            at = marker.pose.position
            marks = np.vstack([marks, (at.x, at.y, at.z)])
    text = texts.get(('measure', 1)) or texts.get(('points', 2)) or ''
    return Drawing(
        cloud.header.frame_id, picture.copy(), packed['xyz'].copy(), packed['bgr'][:, ::-1].copy(),
        tuple(boxes), line, marks, text, tuple(frusta))


def _box(marker: Marker, label: str) -> Box:
    at, turn, size = marker.pose.position, marker.pose.orientation, marker.scale
    pose = make_transform(
        quat_xyzw_to_matrix(np.array([turn.x, turn.y, turn.z, turn.w])),
        np.array([at.x, at.y, at.z]))
    color = marker.color
    return Box(label, pose, np.array([size.x, size.y, size.z]), (color.r, color.g, color.b))


def _points(marker: Marker) -> np.ndarray:
    return np.array([(p.x, p.y, p.z) for p in marker.points])
