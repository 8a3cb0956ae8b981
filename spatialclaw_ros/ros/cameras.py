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

"""Cameras as topics: what is subscribed, buffered undecoded, and known of its health."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import JumpThreshold, ROSClock, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.camera_info import calibration_of
from spatialclaw_ros.ros.camera_status import CameraStatus, StreamStatus
from spatialclaw_ros.ros.images import kind_of
from spatialclaw_ros.ros.memory import give_memory_back, reuse_freed_memory
from spatialclaw_ros.ros.streams import RingBuffers, Sample, Stream, paired_share
from spatialclaw_ros.ros.subscribing import offered_otherwise, published_elsewhere, subscribe

INPUTS = '_inputs'
"""What the name of the node that subscribes has behind that of the node that publishes answers."""
CAMERA_INFO_BYTES = 1024
COUNTED_IMAGES = 64
# a second of images: they wait while Python is busy elsewhere
IMAGES = QoSProfile(
    depth=30, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@dataclass(frozen=True)
class CameraSnapshot:
    """All that is buffered of one camera, each in order of stamps.

    `emptied_s` is when time jumped back, and all that was there before was forgotten; `arrived_s`
    is when the last message of each role came, NaN for never (monotonic clock); `refused` counts
    those of each role that were too large to be kept.
    """

    config: CameraConfig
    images: tuple[Sample, ...]
    infos: tuple[Sample, ...]
    depths: tuple[Sample, ...]
    depth_infos: tuple[Sample, ...]
    unstamped: int
    emptied_s: float = -math.inf
    arrived_s: Mapping[str, float] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)


class CameraBuffers:
    """Subscribes to cameras and keeps what they send, undecoded.

    Stamps of a topic that jump back (a bag that loops, a driver that sets its clock) empty what is
    buffered of its camera; `on_jump_back` is called then. ROS time that jumps back (a simulation
    that starts over) empties all. The process keeps freed memory for the
    next images until `close` (see `memory`).

    Args:
        node: subscribes; an executor of the owner spins it.
        configs: the cameras.
        buffer_s: seconds kept of each topic.
        buffer_bytes: bytes kept of all topics together.
        pair_tolerance_s: colour, depth and CameraInfo no further apart belong together.
        on_jump_back: called with the camera's name after its buffers were emptied.
        tf_health: tells what is wrong with TF, given an optical frame and an image's stamp.

    Raises:
        ValueError: no camera, two of one name, or a limit that can't be one.
    """

    def __init__(
        self, node: Node, configs: Sequence[CameraConfig], *, buffer_s: float = 10.0,
        buffer_bytes: int = 512 * 2**20, pair_tolerance_s: float = 0.02,
        on_jump_back: Callable[[str], object] | None = None,
        tf_health: Callable[[str, int], str] | None = None,
    ) -> None:
        names = [config.name for config in configs]
        if not names or len(set(names)) != len(names):
            raise ValueError(f'cameras must be one or more of different names, got {names}')
        if not (math.isfinite(pair_tolerance_s) and pair_tolerance_s >= 0):
            raise ValueError(f'pair_tolerance_s must be 0 or more, got {pair_tolerance_s}')
        self.configs = {config.name: config for config in configs}
        self.pair_tolerance_ns = int(pair_tolerance_s * 1e9)
        self.on_jump_back = on_jump_back
        self._tf_health = tf_health
        self._node = node
        self._clock = node.get_clock()
        self._errors: dict[str, str] = {}
        self._types: dict[str, str] = {}
        self._streams = {config.name: {
            role: Stream(config.name, role, topic, keep_last=role.endswith('camera_info'))
            for role, topic in config.topics.items()} for config in configs}
        self._rings = RingBuffers(
            [stream for streams in self._streams.values() for stream in streams.values()],
            buffer_s, buffer_bytes)
        reuse_freed_memory()
        self._group = ReentrantCallbackGroup()
        self._subscriptions = {
            id(stream): subscribe(
                node, self.configs[stream.camera].message_type(stream.role), stream.topic,
                partial(self._append, stream), IMAGES, self._group)
            for stream in self._rings.streams}
        self._fetching: dict[int, Subscription[CameraInfo]] = {}
        # nobody may look at the graph of a node that is just going
        self._graph = threading.Lock()
        self._jump_handle = self._clock.create_jump_callback(
            JumpThreshold(
                min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True),
            post_callback=self._on_clock_jump)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the cameras, as configured."""
        return tuple(self.configs)

    @property
    def buffered_bytes(self) -> int:
        """Bytes held now, all cameras together."""
        return self._rings.bytes

    def now_ns(self) -> int:
        """ROS time now."""
        return self._clock.now().nanoseconds

    def stale_s(self, sample: Sample) -> float:
        """How old a message is: in simulated time where that runs, else since it came."""
        if isinstance(self._clock, ROSClock) and self._clock.ros_time_is_active:
            return (self.now_ns() - sample.stamp_ns) * 1e-9
        return time.monotonic() - sample.arrived_s

    def snapshot(
        self, name: str, stamp_ns: int | None = None, back_s: float = math.inf,
    ) -> CameraSnapshot:
        """What is buffered of a camera.

        Args:
            name: the camera.
            stamp_ns: of the newest image that is looked at; None for the newest there is.
            back_s: how far back from there it is looked; older ones may be left out, but for the
                newest of those.

        Raises:
            InvalidRequestError: no camera of that name.
        """
        if name not in self.configs:
            raise InvalidRequestError(
                f'no camera is called {name[:60]!r}; there are {", ".join(self.names)}')
        streams = self._streams[name]
        stamp_ns = streams['image'].newest_ns if stamp_ns is None else stamp_ns
        since_ns = None if stamp_ns is None or math.isinf(back_s) else stamp_ns - int(back_s * 1e9)
        kept = {
            role: self._rings.snapshot(streams[role], since_ns) if role in streams else ()
            for role in ('image', 'camera_info', 'depth', 'depth_camera_info')}
        return CameraSnapshot(
            self.configs[name], kept['image'], kept['camera_info'], kept['depth'],
            kept['depth_camera_info'], streams['image'].unstamped, streams['image'].emptied_s,
            {role: stream.last_arrived_s for role, stream in streams.items()},
            {role: stream.refused for role, stream in streams.items()})

    def status(self) -> tuple[CameraStatus, ...]:
        """Health of every camera, () once closed.

        A CameraInfo that was published once before is fetched.
        """
        with self._graph:
            if not self._subscriptions:
                return ()
            return tuple(
                self._camera_status(name, streams) for name, streams in self._streams.items())

    def awaits(self, name: str, *, may_appear: bool) -> bool:
        """Whether a topic of a camera has sent nothing yet though somebody publishes it.

        Args:
            name: the camera.
            may_appear: whether somebody may publish who is not known yet.
        """
        with self._graph:
            return bool(self._subscriptions) and any(
                may_appear or self._node.count_publishers(
                    self._subscriptions[id(stream)].topic_name)
                for stream in self._streams[name].values() if not stream.received)

    def has_heard(self, name: str, role: str) -> bool:
        """Whether a camera has a topic of a role, and anything ever came on it."""
        return role in self._streams[name] and self._streams[name][role].received > 0

    def note_error(self, name: str, text: str) -> None:
        """Remember what went wrong with a camera's last image, '' once nothing does."""
        self._errors[name] = text

    def clear(self) -> None:
        """Empty all buffers."""
        self._rings.clear()

    def close(self) -> None:
        """Unsubscribe and forget everything, again and again without harm.

        Call it when no executor spins the node: rclpy's may fail on a subscription that goes
        while they wait.
        """
        self._jump_handle.unregister()
        with self._graph:
            for subscription in (*self._subscriptions.values(), *self._fetching.values()):
                self._node.destroy_subscription(subscription)
            self._subscriptions.clear()
            self._fetching.clear()
        for stream in self._rings.streams:
            stream.keep_last = False
        self._rings.clear()
        give_memory_back()

    def _append(self, stream: Stream, message: Any, info: Mapping[str, Any] | None) -> None:
        stamp = message.header.stamp
        stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec
        stream.losses.saw(stamp_ns, info)
        if stamp_ns == 0:
            stream.unstamped += 1
            stamp_ns = self.now_ns()
        size = len(message.data) if not stream.keep_last else (
            CAMERA_INFO_BYTES + message.d.itemsize * len(message.d))
        kind = calibration_of(message) if stream.keep_last else kind_of(message)
        if kind != stream.kind:
            stream.kind = kind
        back_s = self._rings.append(
            stream, Sample(stamp_ns, time.monotonic(), size, message, stream.kind))
        if not back_s:
            return
        self._node.get_logger().warning(
            f'stamps on {stream.topic} jumped back by {back_s:.2f} s, to {stamp_ns * 1e-9:.3f} s: '
            f'what is buffered of camera {stream.camera} is emptied', throttle_duration_sec=5.0)
        if self.on_jump_back is not None:
            self.on_jump_back(stream.camera)

    def _fetch_latched(self, stream: Stream) -> None:
        """Subscribe to a publisher that sends what it sent before to those who come late.

        Not done without such a publisher: others would warn of a QoS that they can't offer.
        """
        self._fetching[id(stream)] = subscribe(
            self._node, CameraInfo, stream.topic, partial(self._append_first, stream), LATCHED,
            self._group)

    def _append_first(self, stream: Stream, message: Any, _: Mapping[str, Any] | None) -> None:
        if not stream.samples:
            self._append(stream, message, None)

    def _on_clock_jump(self, jump: TimeJump) -> None:
        self._rings.clear()
        self._node.get_logger().warning(
            'ROS time jumped back or changed its source: image buffers are emptied',
            throttle_duration_sec=5.0)

    def _camera_status(self, name: str, streams: Mapping[str, Stream]) -> CameraStatus:
        kept = self.snapshot(name)
        partners = [kept.depths] if 'depth' in streams else []
        # one that holds still needs no partner of its own for each image
        if len(kept.infos) != 1:
            partners.append(kept.infos)
        tf = ''
        if kept.images and self._tf_health is not None:
            newest = kept.images[-1]
            tf = self._tf_health(
                newest.message.header.frame_id.lstrip('/'), newest.stamp_ns)
        return CameraStatus(
            name, tuple(self._stream_status(stream) for stream in streams.values()),
            self._errors.get(name, ''),
            paired_share(kept.images[-COUNTED_IMAGES:], partners, self.pair_tolerance_ns), tf)

    def _stream_status(self, stream: Stream) -> StreamStatus:
        subscription = self._subscriptions[id(stream)]
        topic = subscription.topic_name
        endpoints = self._node.get_publishers_info_by_topic(topic)
        if stream.keep_last and not stream.received and id(stream) not in self._fetching and any(
                one.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
                for one in endpoints):
            self._fetch_latched(stream)
        kind = self.configs[stream.camera].message_type(stream.role)
        expected = f'sensor_msgs/msg/{kind.__name__}'
        others = sorted({one.topic_type for one in endpoints} - {expected})
        hint = ''
        if others:
            hint = (
                f'{others[0]} is published there, {expected} is expected: check '
                f'`{stream.camera}.{stream.role}` and its transport; `ros2 topic info {topic} '
                '--verbose` shows who publishes')
        elif endpoints and not stream.received:
            hint = offered_otherwise(self._node, subscription) or (
                'large messages are lost in the default transport of Fast DDS: start both sides '
                "with this package's config/fastdds.xml as FASTRTPS_DEFAULT_PROFILES_FILE, and "
                f'check `ros2 topic hz {topic}`')
        elif not stream.received:
            hint = published_elsewhere(
                self._node, topic, expected,
                f'{self._node.get_fully_qualified_name().removesuffix(INPUTS)}/')
        elif stream.refused:
            hint = (
                f'{stream.refused} messages were larger than buffer_mb: raise it; `ros2 topic bw '
                f'{topic}` shows their size')
        with self._rings.lock:
            return StreamStatus(
                role=stream.role, topic=topic, received=stream.received,
                buffered=len(stream.samples), buffered_bytes=stream.bytes,
                rate_hz=stream.rate_hz, age_s=time.monotonic() - stream.last_arrived_s,
                publishers=len(endpoints), hint=hint, lost=stream.losses.lost)
