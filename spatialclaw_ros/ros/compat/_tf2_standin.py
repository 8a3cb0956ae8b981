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

"""Stand-ins for `tf2_ros`' buffer, listener and broadcasters, with its call signatures."""

from __future__ import annotations

from collections.abc import Iterable

import rclpy
import yaml
from geometry_msgs.msg import TransformStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from rclpy.task import Future
from rclpy.time import Time
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.ros.compat._tf_pose import Pose, multiply
from spatialclaw_ros.ros.compat._tf_tree import DEFAULT_CACHE_NS, TransformTree

TF_QOS = QoSProfile(depth=100, history=HistoryPolicy.KEEP_LAST)
STATIC_QOS = QoSProfile(
    depth=100, history=HistoryPolicy.KEEP_LAST, durability=DurabilityPolicy.TRANSIENT_LOCAL)
NO_WAIT = Duration()


class Buffer:
    """Frames and where they were; `tf2_ros.Buffer`'s signatures.

    Args:
        cache_time: how long transforms are kept; 10 s when not given.
        node: taken for its logger only.
    """

    def __init__(self, cache_time: Duration | None = None, node: Node | None = None) -> None:
        cache_ns = DEFAULT_CACHE_NS if cache_time is None else cache_time.nanoseconds
        self._tree = TransformTree(cache_ns)
        self._logger = (
            node.get_logger() if node is not None else rclpy.logging.get_logger('tf2_buffer'))
        self._waiting: list[tuple[str, str, int, Future]] = []

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Store a transform that holds at its stamp."""
        self._set(transform, authority, static=False)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Store a transform that holds for ever."""
        self._set(transform, authority, static=True)

    def lookup_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration = NO_WAIT,
    ) -> TransformStamped:
        """Transform that maps points of `source_frame` into `target_frame`.

        Args:
            target_frame: frame that points are mapped into.
            source_frame: frame that they come from.
            time: when; 0 for the newest that there is.
            timeout: how long to wait for it.

        Raises:
            TransformException: one of its kinds.
        """
        self._wait(target_frame, source_frame, time, timeout)
        pose, stamp_ns = self._tree.lookup(target_frame, source_frame, time.nanoseconds)
        return _message(pose, stamp_ns, target_frame, source_frame)

    def lookup_transform_full(
        self, target_frame: str, target_time: Time, source_frame: str, source_time: Time,
        fixed_frame: str, timeout: Duration = NO_WAIT,
    ) -> TransformStamped:
        """Transform between two frames at two times, through a frame that stands still.

        Raises:
            TransformException: one of its kinds.
        """
        self._wait(fixed_frame, source_frame, source_time, timeout)
        self._wait(target_frame, fixed_frame, target_time, timeout)
        source, _ = self._tree.lookup(fixed_frame, source_frame, source_time.nanoseconds)
        target, stamp_ns = self._tree.lookup(target_frame, fixed_frame, target_time.nanoseconds)
        return _message(multiply(target, source), stamp_ns, target_frame, source_frame)

    def can_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration = NO_WAIT,
        return_debug_tuple: bool = False,
    ) -> bool | tuple[bool, str]:
        """Whether a lookup would succeed, with the reason when `return_debug_tuple`."""
        self._wait(target_frame, source_frame, time, timeout)
        fault = self._tree.fault(target_frame, source_frame, time.nanoseconds)
        return (not fault, fault) if return_debug_tuple else not fault

    def wait_for_transform_async(
        self, target_frame: str, source_frame: str, time: Time,
    ) -> Future:
        """Future that becomes the transform once it is there."""
        future: Future = Future()
        self._waiting.append((target_frame, source_frame, time.nanoseconds, future))
        self._settle()
        return future

    async def lookup_transform_async(
        self, target_frame: str, source_frame: str, time: Time,
    ) -> TransformStamped:
        """Transform as soon as it is there."""
        return await self.wait_for_transform_async(target_frame, source_frame, time)

    def get_latest_common_time(self, target_frame: str, source_frame: str) -> Time:
        """Newest time that the whole path has."""
        return Time(nanoseconds=self._tree.latest_common_ns(target_frame, source_frame))

    def all_frames_as_yaml(self) -> str:
        """Each frame with its parent and times, as tf2 writes it."""
        frames = {}
        for name, (parent, oldest, newest, count, static) in self._tree.parents().items():
            span_s = (newest - oldest) * 1e-9
            frames[name] = {
                'parent': parent, 'broadcaster': 'default_authority',
                'rate': 10000.0 if static or span_s <= 0 else (count - 1) / span_s,
                'most_recent_transform': newest * 1e-9, 'oldest_transform': oldest * 1e-9,
                'buffer_length': span_s}
        return yaml.safe_dump(frames, sort_keys=False)

    def all_frames_as_string(self) -> str:
        """Each frame with its parent, one a line."""
        return '\n'.join(
            f'Frame {name} exists with parent {facts[0]}.'
            for name, facts in self._tree.parents().items())

    def clear(self) -> None:
        """Forget everything but static transforms."""
        self._tree.clear()

    def _set(self, transform: TransformStamped, authority: str, static: bool) -> None:
        move, turn = transform.transform.translation, transform.transform.rotation
        stamp = transform.header.stamp
        refused = self._tree.insert(
            transform.header.frame_id, transform.child_frame_id,
            stamp.sec * 10**9 + stamp.nanosec,
            (move.x, move.y, move.z, turn.x, turn.y, turn.z, turn.w), static)
        if refused:
            self._logger.warning(
                f'transform from {authority} is ignored: {refused}', throttle_duration_sec=5.0)
        elif self._waiting:
            self._settle()

    def _wait(self, target: str, source: str, time: Time, timeout: Duration) -> None:
        if timeout.nanoseconds > 0:
            self._tree.wait(target, source, time.nanoseconds, timeout.nanoseconds * 1e-9)

    def _settle(self) -> None:
        for entry in list(self._waiting):
            target, source, stamp_ns, future = entry
            if future.done():
                self._waiting.remove(entry)
            elif not self._tree.fault(target, source, stamp_ns):
                self._waiting.remove(entry)
                pose, found_ns = self._tree.lookup(target, source, stamp_ns)
                future.set_result(_message(pose, found_ns, target, source))


class TransformListener:
    """Feeds a buffer from `/tf` and `/tf_static`; `tf2_ros.TransformListener`'s signature.

    Args:
        buffer: what to feed.
        node: node that subscribes; it must be spun by its owner.
        spin_thread: only False is taken: the node's owner spins it.
        qos: of `/tf`.
        static_qos: of `/tf_static`.

    Raises:
        ValueError: `spin_thread` is asked for.
    """

    def __init__(
        self, buffer: Buffer, node: Node, *, spin_thread: bool = False,
        qos: QoSProfile | int | None = None, static_qos: QoSProfile | int | None = None,
    ) -> None:
        if spin_thread:
            raise ValueError('spin_thread must be False: spin the node in an executor')
        self.buffer = buffer
        self.node = node
        self.group = ReentrantCallbackGroup()
        self.tf_sub = node.create_subscription(
            TFMessage, '/tf', self.callback, TF_QOS if qos is None else qos,
            callback_group=self.group)
        self.tf_static_sub = node.create_subscription(
            TFMessage, '/tf_static', self.static_callback,
            STATIC_QOS if static_qos is None else static_qos, callback_group=self.group)

    def unregister(self) -> None:
        """Stop listening."""
        self.node.destroy_subscription(self.tf_sub)
        self.node.destroy_subscription(self.tf_static_sub)

    def callback(self, data: TFMessage) -> None:
        """Take what came on `/tf`."""
        for transform in data.transforms:
            self.buffer.set_transform(transform, 'default_authority')

    def static_callback(self, data: TFMessage) -> None:
        """Take what came on `/tf_static`."""
        for transform in data.transforms:
            self.buffer.set_transform_static(transform, 'default_authority')


class TransformBroadcaster:
    """Publishes on `/tf`; `tf2_ros.TransformBroadcaster`'s signature."""

    def __init__(self, node: Node, qos: QoSProfile | int | None = None) -> None:
        self.pub_tf = node.create_publisher(TFMessage, '/tf', TF_QOS if qos is None else qos)

    def sendTransform(self, transform: TransformStamped | Iterable[TransformStamped]) -> None:
        """Publish one transform or several."""
        self.pub_tf.publish(TFMessage(transforms=_as_list(transform)))


class StaticTransformBroadcaster:
    """Publishes on `/tf_static`, latched; `tf2_ros.StaticTransformBroadcaster`'s signature."""

    def __init__(self, node: Node, qos: QoSProfile | int | None = None) -> None:
        profile = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.pub_tf = node.create_publisher(
            TFMessage, '/tf_static', profile if qos is None else qos)
        self._by_child: dict[str, TransformStamped] = {}

    def sendTransform(self, transform: TransformStamped | Iterable[TransformStamped]) -> None:
        """Publish one transform or several, with all that were sent before."""
        for one in _as_list(transform):
            self._by_child[one.child_frame_id] = one
        self.pub_tf.publish(TFMessage(transforms=list(self._by_child.values())))


def _as_list(transform: TransformStamped | Iterable[TransformStamped]) -> list[TransformStamped]:
    return list(transform) if isinstance(transform, Iterable) else [transform]


def _message(pose: Pose, stamp_ns: int, target: str, source: str) -> TransformStamped:
    message = TransformStamped()
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
    message.header.frame_id = target
    message.child_frame_id = source
    move, turn = message.transform.translation, message.transform.rotation
    move.x, move.y, move.z, turn.x, turn.y, turn.z, turn.w = pose
    return message
