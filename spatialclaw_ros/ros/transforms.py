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
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from rclpy.subscription import Subscription
from rclpy.time import Time
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.errors import TransformError
from spatialclaw_ros.ros.compat.tf2 import Buffer, ExtrapolationException, TransformException
from spatialclaw_ros.ros.subscribing import (
    offered_otherwise,
    publisher_of,
    queued,
    subscribe,
)
from spatialclaw_ros.ros.tf_links import Back, Break, Links
from spatialclaw_ros.ros.tf_topics import PLAIN, TfTopics

DEFAULT_CACHE_S = 20.0
DEFAULT_WAIT_S = 0.1
STALE_S = 2.0
_QUEUE = 100


class TransformSource:
    """Listens to `/tf` and `/tf_static` and looks transforms up.

    A stamp of a frame that jumps back by more than a second, or ROS time that jumps back, empties
    the buffer (static transforms stay): a bag that loops must not mix its laps. Stamps that jump to
    and fro come from two clocks; they empty nothing.

    Args:
        node: subscribes; an executor of the owner spins it, on another thread than lookups.
        cache_s: how long transforms are kept; longer than images are.
        wait_s: how long a lookup waits at most for TF that is just behind the image.
        topics: that TF comes on.
        on_jump_back: called without arguments after stamps that jumped back emptied the buffer.
    """

    def __init__(
        self, node: Node, *, cache_s: float = DEFAULT_CACHE_S, wait_s: float = DEFAULT_WAIT_S,
        topics: TfTopics = PLAIN, on_jump_back: Callable[[], object] | None = None,
    ) -> None:
        self.wait_s = wait_s
        self.topics = topics
        self.on_jump_back = on_jump_back
        self._node = node
        self._buffer = Buffer(cache_time=Duration(seconds=cache_s))
        self._lock = threading.Lock()
        self._links = Links(topics)
        self._fixed: dict[tuple[str, str], tuple[str, np.ndarray]] = {}
        self._fixed_since = self._links.changes
        # nobody may look at the graph of a node that is just going
        self._graph = threading.Lock()
        # the first messages may come before it is known who takes them
        self._subscriptions: list[Subscription[Any]] = []
        # One message after the other: each is compared with the stamps before it.
        group = MutuallyExclusiveCallbackGroup()
        self._subscriptions = [
            subscribe(
                node, TFMessage, topics.moving, self._on_transforms,
                QoSProfile(depth=_QUEUE, history=HistoryPolicy.KEEP_LAST), group),
            subscribe(
                node, TFMessage, topics.static, self._on_static,
                QoSProfile(
                    depth=_QUEUE, history=HistoryPolicy.KEEP_LAST,
                    durability=DurabilityPolicy.TRANSIENT_LOCAL),
                group),
        ]
        self._jump_handle = node.get_clock().create_jump_callback(
            JumpThreshold(
                min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True),
            post_callback=self._on_clock_jump)

    def is_published(self) -> bool:
        """Whether somebody publishes transforms that move."""
        with self._graph:
            return bool(self._subscriptions) and (
                self._node.count_publishers(self.topics.moving) > 0)

    def frames(self) -> tuple[str, ...]:
        """Names of all frames: those that are published first, then those that no longer are."""
        with self._lock:
            return self._links.names(time.monotonic())

    def has_frame(self, name: str) -> bool:
        """Whether a frame was ever published."""
        with self._lock:
            return name in self._links.frames

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
            why = str(error).strip().rstrip('.')
            raise TransformError(
                f'no transform from {source!r} to {target!r}: {why}') from error
        return _matrix(found)

    def fixed(self, name: str, world: str, stamp_ns: int) -> tuple[str, np.ndarray]:
        """What a frame is fixed to by static transforms; looked up once, until one of them comes.

        Args:
            name: of the frame.
            world: nothing above it is looked at.
            stamp_ns: of the lookup, ROS clock.

        Returns:
            The frame farthest up, `name` itself when it moves, and (4, 4) float64 `T_that_name`,
            read-only, as others get it, too.

        Raises:
            TransformError: as `lookup` raises it.
        """
        name, world = name.lstrip('/'), world.lstrip('/')
        with self._lock:
            changes = self._links.changes
            if changes != self._fixed_since:
                self._fixed, self._fixed_since = {}, changes
            found = self._fixed.get((name, world))
            anchor = found[0] if found is not None else self._links.anchor(name, world)
        if found is None:
            found = anchor, self.lookup(anchor, name, stamp_ns, 0.0)
            found[1].setflags(write=False)
            with self._lock:
                if self._links.changes == changes:
                    self._fixed[name, world] = found
        return found

    def breaks(self, target: str, source: str) -> list[Break]:
        """Times that the way between two frames can't be followed through, the oldest first."""
        with self._lock:
            return self._links.breaks(self._links.way(target, source))

    def quarrel(self, target: str, source: str) -> str:
        """A line about publishers that contradict each other on the way, '' for none."""
        with self._lock:
            return self._links.quarrel(self._links.way(target, source), time.monotonic())

    def doubt(self, target: str, source: str) -> str:
        """A line about what makes the way between two frames unsure, '' for nothing.

        That is a loop above the source, or a transform that several publishers send.
        """
        with self._lock:
            loop = self._links.loop(source)
            return _loop_line(loop) if loop else self._links.doubled(
                self._links.way(target, source), time.monotonic())

    def health(self, frame: str, stamp_ns: int) -> str:
        """What is wrong with TF for a camera.

        Args:
            frame: its optical frame.
            stamp_ns: of its newest image.

        Returns:
            One line, '' for nothing.
        """
        now_s = time.monotonic()
        with self._lock:
            known, empty = frame in self._links.frames, not self._links.frames
            loop, oldest = self._links.loop(frame), self._links.oldest(frame)
            way = self._links.way('', frame)
            quarrel = self._links.quarrel(way, now_s) or self._links.doubled(way, now_s)
        if empty:
            return self._offered() or (
                f'nothing came on {self.topics.moving} or {self.topics.static}; check `ros2 topic '
                f'echo {self.topics.static} --once`')
        if not known:
            return (
                f'TF has no frame {frame!r}, which images are in; check {self.topics.tree}')
        if loop:
            return _loop_line(loop)
        behind_s = 0.0 if oldest is None else (stamp_ns - oldest[2]) * 1e-9
        if oldest is not None and behind_s > STALE_S:
            return (
                f'the newest transform from {oldest[1]!r} to {oldest[0]!r} is {behind_s:.1f} s '
                f'behind the images; check {self.topics.rate} and the clocks')
        return quarrel or self._offered()

    def may_begin_again(self) -> None:
        """Note that a camera's stamps jumped back: who publishes TF may have been started again."""
        with self._lock:
            self._links.may_begin_again(time.monotonic())

    def clear(self) -> None:
        """Forget everything but static transforms."""
        with self._lock:
            self._links.clear()
        self._buffer.clear()

    def close(self) -> None:
        """Stop listening; call it when no executor spins the node."""
        self._jump_handle.unregister()
        with self._graph:
            for subscription in self._subscriptions:
                self._node.destroy_subscription(subscription)
            self._subscriptions = []
        self._buffer.clear()

    def _may_come(self, stamp_ns: int) -> bool:
        """Whether any frame's newest transform is older than a time: then waiting may help."""
        with self._lock:
            return self._links.older_than(stamp_ns)

    def _offered(self) -> str:
        """A line about publishers of TF whose QoS keeps their messages from us, '' for none."""
        with self._graph:
            lines = (offered_otherwise(self._node, one) for one in self._subscriptions)
            return next((line for line in lines if line), '')

    def _on_transforms(self, message: TFMessage, info: Mapping[str, Any] | None) -> None:
        self._take(message, info)
        for subscription in self._subscriptions[:1]:
            for each in queued(subscription, _QUEUE):
                self._take(*each)

    def _take(self, message: TFMessage, info: Mapping[str, Any] | None) -> None:
        back = self._note(message, info, static=False)
        if back is not None:
            self._jumped(f'on {self.topics.moving}, {back}')
            self._note(message, info, static=False)
            if self.on_jump_back is not None:
                self.on_jump_back()
        self._store(message, self._buffer.set_transform)

    def _on_static(self, message: TFMessage, info: Mapping[str, Any] | None) -> None:
        self._note(message, info, static=True)
        self._store(message, self._buffer.set_transform_static)
        with self._lock:  # what was looked up since it was noted is of before
            self._links.changed()

    def _note(
        self, message: TFMessage, info: Mapping[str, Any] | None, *, static: bool,
    ) -> Back | None:
        sender, now_s = publisher_of(info), time.monotonic()
        with self._lock:
            found = [
                self._links.note(transform, static=static, sender=sender, now_s=now_s)
                for transform in message.transforms]
        return next((back for back in found if back is not None), None)

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


def _loop_line(loop: str) -> str:
    return f'TF has a loop: {loop}; frames are a tree, stop who publishes the last of them'


def _matrix(message: TransformStamped) -> np.ndarray:
    """(4, 4) of a transform; a query makes up to a thousand.

    tf2 takes quaternions whose squared length is off by up to 1 %, and hands them on as they came.
    """
    move, turn = message.transform.translation, message.transform.rotation
    x, y, z, w = turn.x, turn.y, turn.z, turn.w
    s = 2 / (x * x + y * y + z * z + w * w)
    return np.array([
        [1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w), move.x],
        [s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w), move.y],
        [s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y), move.z],
        [0.0, 0.0, 0.0, 1.0]])
