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

"""Ring buffers for undecoded messages, bounded in seconds and, all together, in bytes."""

from __future__ import annotations

import bisect
import math
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from spatialclaw_ros.ros.losses import Losses

JUMP_BACK_NS = 200_000_000
UNSETTLED_NS = 500_000_000


class Sample(NamedTuple):
    """One message as it came.

    Args:
        stamp_ns: its header's stamp, ROS clock; the time of arrival when it has none.
        arrived_s: monotonic clock.
        size: bytes that it is counted with.
        message: the message, undecoded.
        kind: what it says beside its stamp and pixels, equal where that is; read as it came, for
            a query would read it of a hundred.
    """

    stamp_ns: int
    arrived_s: float
    size: int
    message: Any
    kind: Any


class Stream:
    """Messages of one topic, in order of stamps.

    Args:
        camera: name of the camera that it belongs to.
        role: 'image', 'camera_info', 'depth' or 'depth_camera_info'.
        topic: as configured.
        keep_last: whether the newest message stays, however old (for calibration).
    """

    def __init__(self, camera: str, role: str, topic: str, keep_last: bool = False) -> None:
        self.camera = camera
        self.role = role
        self.topic = topic
        self.keep_last = keep_last
        self.samples: deque[Sample] = deque()
        self.kind: Any = None
        self.received = 0
        self.unstamped = 0
        self.refused = 0
        self.bytes = 0
        self.newest_ns: int | None = None
        self.last_arrived_s = math.nan
        self.emptied_s = -math.inf
        self.losses = Losses()

    @property
    def rate_hz(self) -> float:
        """Mean rate of arrival of what is buffered; NaN for fewer than two."""
        if len(self.samples) < 2:
            return math.nan
        span_s = self.samples[-1].arrived_s - self.samples[0].arrived_s
        return (len(self.samples) - 1) / span_s if span_s > 0 else math.nan


class RingBuffers:
    """Streams that share one limit; safe from any thread.

    Args:
        streams: all of them.
        buffer_s: seconds kept of each stream, counted back from its newest stamp.
        buffer_bytes: bytes kept of all streams together; the oldest arrivals go first, but for
            calibration that is the newest of its topic.

    Raises:
        ValueError: a limit that is not positive.
    """

    def __init__(self, streams: Iterable[Stream], buffer_s: float, buffer_bytes: int) -> None:
        if not (math.isfinite(buffer_s) and buffer_s > 0):
            raise ValueError(f'buffer_s must be a positive number of seconds, got {buffer_s}')
        if buffer_bytes < 1:
            raise ValueError(f'buffer_bytes must be positive, got {buffer_bytes}')
        self.streams = tuple(streams)
        self.lock = threading.Lock()
        self._buffer_ns = int(buffer_s * 1e9)
        self._limit = buffer_bytes
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def append(self, stream: Stream, sample: Sample) -> float:
        """Keep a message.

        Returns:
            Seconds that images' stamps jumped back by, 0 when they did not; all streams of that
            camera were emptied then before this message was kept.
        """
        with self.lock:
            stream.received += 1
            stream.last_arrived_s = sample.arrived_s
            back_ns = 0 if stream.newest_ns is None else stream.newest_ns - sample.stamp_ns
            jumped = back_ns > JUMP_BACK_NS and not stream.keep_last
            if jumped:
                self._clear(one for one in self.streams if one.camera == stream.camera)
            elif back_ns > JUMP_BACK_NS:
                self._empty(stream)
            if sample.size > self._limit:
                stream.refused += 1
                return back_ns * 1e-9 if jumped else 0.0
            if stream.newest_ns is None or sample.stamp_ns > stream.newest_ns:
                stream.newest_ns = sample.stamp_ns
            at = len(stream.samples)  # over the network one may overtake another
            while at and stream.samples[at - 1].stamp_ns > sample.stamp_ns:
                at -= 1
            stream.samples.insert(at, sample)
            stream.bytes += sample.size
            self._bytes += sample.size
            oldest_ns = stream.newest_ns - self._buffer_ns
            while len(stream.samples) > 1 and stream.samples[0].stamp_ns < oldest_ns:
                self._drop(stream)
            while self._bytes > self._limit and (
                    full := [one for one in self.streams if len(one.samples) > one.keep_last]):
                self._drop(min(full, key=lambda one: one.samples[0].arrived_s))
            return back_ns * 1e-9 if jumped else 0.0

    def clear(self) -> None:
        """Empty all streams; what is known of a calibration stays."""
        with self.lock:
            self._clear(self.streams)

    def snapshot(self, stream: Stream, since_ns: int | None = None) -> tuple[Sample, ...]:
        """What is kept of a stream, in order of stamps.

        Args:
            stream: whose.
            since_ns: of what is older, the newest is enough; None for all. To touch what is not
                looked at takes longer than to look.
        """
        with self.lock:
            if since_ns is None:
                return tuple(stream.samples)
            newest: list[Sample] = []
            for sample in reversed(stream.samples):
                newest.append(sample)
                if sample.stamp_ns < since_ns:
                    break
            return tuple(reversed(newest))

    def _clear(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            stream.emptied_s = time.monotonic()
            self._empty(stream, 1 if stream.keep_last else 0)

    def _empty(self, stream: Stream, keep: int = 0) -> None:
        while len(stream.samples) > keep:
            self._drop(stream)
        # what was kept gives way to what comes now, however far before it
        stream.newest_ns = stream.samples[-1].stamp_ns if stream.samples else None

    def _drop(self, stream: Stream) -> None:
        sample = stream.samples.popleft()
        stream.bytes -= sample.size
        self._bytes -= sample.size


def nearest(samples: Sequence[Sample], stamp_ns: int) -> Sample | None:
    """Sample whose stamp is nearest, whichever side it is on; None of none.

    Args:
        samples: in order of stamps.
        stamp_ns: time, ROS clock.
    """
    # a tuple is compared by its first value: no call for each sample that is looked at
    after = bisect.bisect_left(samples, (stamp_ns,))
    sides = samples[max(0, after - 1):after + 1]
    if len(sides) == 2:
        return sides[stamp_ns - sides[0].stamp_ns > sides[1].stamp_ns - stamp_ns]
    return sides[0] if sides else None


def paired_share(
    images: Sequence[Sample], partners: Iterable[Sequence[Sample]], tolerance_ns: int,
) -> float:
    """Share of images that everything came with that belongs to them.

    Images newer than their partners are not counted for a while: those are on their way.

    Args:
        images: in order of stamps.
        partners: of each further topic, in order of stamps.
        tolerance_ns: stamps no further apart belong together.

    Returns:
        0 to 1; NaN without an image to count.
    """
    if not images:
        return math.nan
    others = list(partners)
    settled_ns = min(
        [other[-1].stamp_ns + tolerance_ns for other in others if other],
        default=images[-1].stamp_ns)
    until_ns = max(settled_ns, images[-1].stamp_ns - UNSETTLED_NS)
    counted = [image for image in images if image.stamp_ns <= until_ns]
    whole = sum(
        all(_is_near(other, image.stamp_ns, tolerance_ns) for other in others)
        for image in counted)
    return whole / len(counted) if counted else math.nan


def _is_near(samples: Sequence[Sample], stamp_ns: int, tolerance_ns: int) -> bool:
    sample = nearest(samples, stamp_ns)
    return sample is not None and abs(sample.stamp_ns - stamp_ns) <= tolerance_ns
