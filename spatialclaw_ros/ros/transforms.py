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

"""TF for queries: poses at the image's stamp, never the latest, as matrices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from rclpy.time import Time
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.errors import TransformError
from spatialclaw_ros.ros.compat.tf2 import Buffer, ExtrapolationException, TransformException

DEFAULT_CACHE_S = 20.0
DEFAULT_WAIT_S = 0.1
JUMP_BACK_NS = 1_000_000_000
_QUEUE = 100


class TransformSource:
    """Listens to `/tf` and `/tf_static` and looks transforms up.

    A stamp of a frame that jumps back by more than a second, or ROS time that jumps back, empties
    the buffer (static transforms stay): a bag that loops must not mix its laps.

    Args:
        node: subscribes; an executor of the owner spins it, on another thread than lookups.
        cache_s: how long transforms are kept; longer than images are.
        wait_s: how long a lookup waits at most for TF that is just behind the image.
        topic: of transforms that move.
        static_topic: of those that don't.
    """

    def __init__(
        self, node: Node, *, cache_s: float = DEFAULT_CACHE_S, wait_s: float = DEFAULT_WAIT_S,
        topic: str = '/tf', static_topic: str = '/tf_static',
    ) -> None:
        self.wait_s = wait_s
        self._node = node
        self._buffer = Buffer(cache_time=Duration(seconds=cache_s))
        self._lock = threading.Lock()
        self._frames: dict[str, None] = {}
        self._newest_ns: dict[str, int] = {}
        # One message after the other: each is compared with the stamps before it.
        group = MutuallyExclusiveCallbackGroup()
        self._subscriptions = [
            node.create_subscription(
                TFMessage, topic, self._on_transforms,
                QoSProfile(depth=_QUEUE, history=HistoryPolicy.KEEP_LAST), callback_group=group),
            node.create_subscription(
                TFMessage, static_topic, self._on_static,
                QoSProfile(
                    depth=_QUEUE, history=HistoryPolicy.KEEP_LAST,
                    durability=DurabilityPolicy.TRANSIENT_LOCAL),
                callback_group=group),
        ]
        self._jump_handle = node.get_clock().create_jump_callback(
            JumpThreshold(
                min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True),
            post_callback=self._on_clock_jump)

    def frames(self) -> tuple[str, ...]:
        """Names of all frames ever published, in order of their first coming."""
        with self._lock:
            return tuple(self._frames)

    def has_frame(self, name: str) -> bool:
        """Whether a frame was ever published."""
        with self._lock:
            return name in self._frames

    def lookup(
        self, target: str, source: str, stamp_ns: int, wait_s: float | None = None,
    ) -> np.ndarray:
        """Transform at a time.

        Args:
            target: frame that points are mapped into.
            source: frame that they come from.
            stamp_ns: time of the image, ROS clock; it is never taken to mean "the latest".
            wait_s: longest wait for TF behind that time, seconds; None for the source's own.

        Returns:
            (4, 4) float64 `T_target_source`.

        Raises:
            TransformError: TF can't tell; the message names the frames and the reason.
        """
        target, source = target.lstrip('/'), source.lstrip('/')
        time_at = Time(nanoseconds=max(1, stamp_ns))
        try:
            try:
                found = self._buffer.lookup_transform(target, source, time_at)
            except ExtrapolationException:
                limit_s = self.wait_s if wait_s is None else wait_s
                if limit_s <= 0 or not self._may_come(stamp_ns):
                    raise
                found = self._buffer.lookup_transform(
                    target, source, time_at, Duration(seconds=limit_s))
        except TransformException as error:
            raise TransformError(
                f'no transform from {source!r} to {target!r}: {str(error).strip()}') from error
        return _matrix(found)

    def clear(self) -> None:
        """Forget everything but static transforms."""
        with self._lock:
            self._newest_ns.clear()
        self._buffer.clear()

    def close(self) -> None:
        """Stop listening; call it when no executor spins the node."""
        self._jump_handle.unregister()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        self._buffer.clear()

    def _may_come(self, stamp_ns: int) -> bool:
        """Whether any frame's newest transform is older than a time: then waiting may help."""
        with self._lock:
            return any(newest < stamp_ns for newest in self._newest_ns.values())

    def _on_transforms(self, message: TFMessage) -> None:
        back_ns = 0
        with self._lock:
            for transform in message.transforms:
                stamp = transform.header.stamp
                stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec
                child = transform.child_frame_id.lstrip('/')
                newest_ns = self._newest_ns.get(child, stamp_ns)
                back_ns = max(back_ns, newest_ns - stamp_ns)
                self._newest_ns[child] = max(newest_ns, stamp_ns)
                self._frames.setdefault(transform.header.frame_id.lstrip('/'))
                self._frames.setdefault(child)
        if back_ns > JUMP_BACK_NS:
            self._jumped(f'stamps on /tf jumped back by {back_ns * 1e-9:.2f} s')
        self._store(message, self._buffer.set_transform)

    def _on_static(self, message: TFMessage) -> None:
        with self._lock:
            for transform in message.transforms:
                self._frames.setdefault(transform.header.frame_id.lstrip('/'))
                self._frames.setdefault(transform.child_frame_id.lstrip('/'))
        self._store(message, self._buffer.set_transform_static)

    def _store(
        self, message: TFMessage, store: Callable[[TransformStamped, str], None],
    ) -> None:
        for transform in message.transforms:
            try:
                store(transform, 'tf')
            except (TransformException, ValueError) as error:
                self._node.get_logger().warning(
                    f'transform from {transform.header.frame_id!r} to '
                    f'{transform.child_frame_id!r} is ignored: {error}',
                    throttle_duration_sec=5.0)

    def _on_clock_jump(self, jump: TimeJump) -> None:
        self._jumped('ROS time jumped back or changed its source')

    def _jumped(self, what: str) -> None:
        self._node.get_logger().warning(
            f'{what}: the transform buffer is emptied', throttle_duration_sec=5.0)
        self.clear()


class WaitBudget:
    """Shares one short wait among many lookups, so that their sum is bounded too."""

    def __init__(self, total_s: float) -> None:
        self._end_s = time.monotonic() + total_s

    @property
    def left_s(self) -> float:
        """Seconds that may still be waited."""
        return max(0.0, self._end_s - time.monotonic())


def _matrix(message: TransformStamped) -> np.ndarray:
    """(4, 4) of a transform whose quaternion is a unit one; a query makes up to a thousand."""
    move, turn = message.transform.translation, message.transform.rotation
    x, y, z, w = turn.x, turn.y, turn.z, turn.w
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), move.x],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w), move.y],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y), move.z],
        [0.0, 0.0, 0.0, 1.0]])
