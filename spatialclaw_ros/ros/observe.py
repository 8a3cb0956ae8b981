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

"""From buffers and TF to one `Observation`: what to look at, decoded, paired and placed."""

from __future__ import annotations

import bisect
import difflib
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    InvalidRequestError,
    NoFramesError,
    UnsupportedEncodingError,
)
from spatialclaw_ros.ros.cameras import CameraBuffers, CameraSnapshot
from spatialclaw_ros.ros.frames import (
    Decoded,
    RawFrame,
    decode_frame,
    frame_id_of,
    frame_of,
    is_unstamped,
)
from spatialclaw_ros.ros.missing import Missing
from spatialclaw_ros.ros.runs import newest_run, same_size, sound
from spatialclaw_ros.ros.streams import Sample, nearest
from spatialclaw_ros.ros.transforms import TransformSource, WaitBudget
from spatialclaw_ros.ros.world import MAX_TF_FRAMES, likely_tree, other_frames, place_frames
from spatialclaw_ros.workspace.observation import Frame, Observation

__all__ = ['MAX_TF_FRAMES', 'STALE_S', 'newest_images', 'select_observation', 'spread']

STALE_S = 2.0
PAIRED_LAG_NS = 500_000_000
NEAR_S = 1.0
"""So far before the window there may be what belongs to its images."""
DECODING_THREADS = 4


def select_observation(
    buffers: CameraBuffers, transforms: TransformSource, *, cameras: Sequence[str] = (),
    stamp_ns: int | None = None, window_s: float = 2.0, max_frames: int = 16,
    world_frame: str = 'odom', base_frame: str = 'base_link', prefer: Sequence[str] = (),
    deadline: Deadline | None = None, spent: dict[str, float] | None = None,
) -> Observation:
    """Pick images spread over a window, the newest always among them, and decode only those.

    Where depth comes for some images only (at a lower rate, or a little later), those are taken.

    Args:
        buffers: what the cameras sent.
        transforms: TF.
        cameras: names; empty for all.
        stamp_ns: images up to this time, ROS clock; None for the newest there are.
        window_s: how far back from there.
        max_frames: at most this many images, shared among the cameras.
        world_frame: TF frame that poses are given in; `base_frame` where TF lacks it.
        base_frame: the robot's own frame.
        prefer: TF frames to give poses of before all others; it is at most `MAX_TF_FRAMES`.
        deadline: the query's.
        spent: takes the seconds that decoding took, as 'decode'.

    Returns:
        The observation; what is not there, or was assumed, stands in its `missing`.

    Raises:
        InvalidRequestError: a camera that is not configured, or a window or number of no use.
        NoFramesError: no usable image; the message names the topics and what was seen of them.
        CanceledError: the query was cancelled.
        DeadlineExceededError: its time is up.
    """
    deadline = deadline or Deadline()
    names = _checked(buffers, cameras, window_s, max_frames)
    missing = Missing()
    raw, silent = _pick(buffers, names, stamp_ns, window_s, max_frames, missing)
    budget = WaitBudget(transforms.wait_s)
    frames: list[Frame] = []
    failures: list[str] = []
    clock = Deadline()
    tree = likely_tree(transforms, world_frame, base_frame)
    views = [(frame_id_of(one.sample.message), one.sample.stamp_ns) for one in raw]

    def meanwhile() -> None:
        if tree is not None:
            tree.foresee(views)

    pixels = _decoded(raw, buffers.pair_tolerance_ns, deadline, meanwhile)
    if spent is not None:
        spent['decode'] = clock.elapsed_s
    for one, decoded in zip(raw, pixels):
        try:
            frames.append(frame_of(
                one, decoded, len(frames), buffers.pair_tolerance_ns, transforms, budget, missing))
        except UnsupportedEncodingError as error:
            topic = one.config.image_topic
            line = (f'images on {topic} can\'t be decoded: {error}; see `ros2 topic echo --once '
                    f'--no-arr {topic}`')
            buffers.note_error(one.config.name, line)
            failures.append(line)
            missing.add(('decode', one.config.name), line)
        else:
            buffers.note_error(one.config.name, '')
    if not frames:
        raise NoFramesError('; '.join(dict.fromkeys([*failures, *silent])))
    frames = same_size(frames, missing)
    for line in silent:
        missing.add(('silent', line), line)
    deadline.check('placing images')
    tree, frames = place_frames(
        frames, transforms, world_frame, base_frame, budget, missing, tree)
    world = tree.world if tree is not None else ''
    others = {} if tree is None else other_frames(
        frames, transforms, tree, base_frame, prefer, missing)
    known_base = base_frame if world and (base_frame == world or base_frame in others) else ''
    return Observation(
        frames=tuple(frames), world_frame=world, transforms=others, missing=missing.lines(),
        base_frame=known_base)


def _decoded(
    raw: Sequence[RawFrame], tolerance_ns: int, deadline: Deadline, meanwhile: Callable[[], object],
) -> list[Decoded]:
    """Decode images on several threads: OpenCV and NumPy leave Python to others meanwhile.

    Args:
        raw: what to decode.
        tolerance_ns: how far apart stamps may be that belong together.
        deadline: the query's.
        meanwhile: done on this thread first, while others decode already.
    """
    count = max(1, min(DECODING_THREADS, len(os.sched_getaffinity(0)), len(raw)))
    left = iter(range(len(raw)))  # each thread takes the next one
    done: dict[int, Decoded] = {}

    def work() -> None:
        for at in left:
            deadline.check('decoding images')
            done[at] = decode_frame(raw[at], tolerance_ns)

    with ThreadPoolExecutor(count, 'decoding') as threads:  # a thread for each that is submitted
        others = [threads.submit(work) for _ in range(1, count)]
        meanwhile()
        work()
        for other in others:
            other.result()
    return [done[at] for at in range(len(raw))]


def _checked(
    buffers: CameraBuffers, cameras: Sequence[str], window_s: float, max_frames: int,
) -> tuple[str, ...]:
    for name in cameras:
        if name not in buffers.names:
            close = difflib.get_close_matches(name, buffers.names, n=1)
            hint = f'; did you mean {close[0]!r}?' if close else ''
            raise InvalidRequestError(
                f'no camera is called {name[:60]!r}; there are '
                f'{", ".join(buffers.names)}{hint}')
    if not (math.isfinite(window_s) and window_s > 0):
        raise InvalidRequestError(f'window must be a positive number of seconds, got {window_s}')
    if max_frames < 1:
        raise InvalidRequestError(f'max_frames must be 1 or more, got {max_frames}')
    return tuple(dict.fromkeys(cameras)) or buffers.names


def _pick(
    buffers: CameraBuffers, names: Sequence[str], stamp_ns: int | None, window_s: float,
    max_frames: int, missing: Missing,
) -> tuple[list[RawFrame], list[str]]:
    """Choose undecoded frames, in time order, and a line for each camera without one."""
    silent: list[str] = []
    usable: list[tuple[CameraSnapshot, tuple[Sample, ...]]] = []
    for name in names:
        snapshot, inside = newest_images(buffers, name, stamp_ns, window_s, missing)
        if inside:
            usable.append((snapshot, inside))
        else:
            silent.append(_silence(buffers, buffers.snapshot(name), stamp_ns, window_s))
    for snapshot, _ in usable[max_frames:]:
        missing.add(
            ('left out', snapshot.config.name),
            f'camera {snapshot.config.name} is left out: max_frames is {max_frames}')
    usable = usable[:max_frames]
    raw: list[RawFrame] = []
    for position, (snapshot, inside) in enumerate(usable):
        share = max_frames // len(usable) + (position < max_frames % len(usable))
        topic = snapshot.config.image_topic
        if snapshot.unstamped and any(is_unstamped(one.message) for one in inside):
            missing.add(
                ('unstamped', snapshot.config.name),
                f'images on {topic} have no stamp: the time of their arrival is taken, and TF is '
                f'looked up then; `ros2 topic echo {topic} --field header.stamp` shows them')
        candidates = _with_depth(snapshot, inside, buffers.pair_tolerance_ns)
        raw.extend(RawFrame(snapshot, sample) for sample in spread(candidates, share))
    raw.sort(key=lambda one: one.sample.stamp_ns)
    return raw, silent


def newest_images(
    buffers: CameraBuffers, name: str, stamp_ns: int | None, window_s: float, missing: Missing,
) -> tuple[CameraSnapshot, tuple[Sample, ...]]:
    """What is buffered of a camera, and the sound images of a window that agree with its newest.

    Args:
        buffers: what the cameras sent.
        name: of the camera.
        stamp_ns: images up to this time, ROS clock; None for the newest there are.
        window_s: how far back from there.
        missing: takes a line for what is left out.
    """
    snapshot = buffers.snapshot(name, stamp_ns, window_s + NEAR_S)
    inside = _in_window(buffers, snapshot, stamp_ns, window_s)
    if inside:
        snapshot, inside = sound(snapshot, inside, missing)
        inside = newest_run(snapshot, inside, missing)
    return snapshot, inside


def _in_window(
    buffers: CameraBuffers, snapshot: CameraSnapshot, stamp_ns: int | None, window_s: float,
) -> tuple[Sample, ...]:
    images = snapshot.images
    if not images:
        return ()
    if stamp_ns is None:
        if buffers.stale_s(images[-1]) > max(window_s, STALE_S):
            return ()
        stamp_ns = images[-1].stamp_ns
    first_ns = stamp_ns - int(window_s * 1e9)
    return tuple(one for one in images if first_ns <= one.stamp_ns <= stamp_ns)


def _with_depth(
    snapshot: CameraSnapshot, images: tuple[Sample, ...], tolerance_ns: int,
) -> tuple[Sample, ...]:
    """Images that depth came with, if that goes on until now; else all."""
    if not snapshot.depths:
        return images
    paired = []
    for image in images:
        depth = nearest(snapshot.depths, image.stamp_ns)
        if depth is not None and abs(depth.stamp_ns - image.stamp_ns) <= tolerance_ns:
            paired.append(image)
    if not paired or images[-1].stamp_ns - paired[-1].stamp_ns > PAIRED_LAG_NS:
        return images
    return tuple(paired)


def spread(samples: Sequence[Sample], count: int) -> list[Sample]:
    """At most `count` samples, evenly in time, the newest always among them."""
    if len(samples) <= count:
        return list(samples)
    if count == 1:
        return [samples[-1]]
    stamps = [sample.stamp_ns - samples[0].stamp_ns for sample in samples]
    left = list(range(len(samples)))
    picked: list[int] = []
    for number in range(count):
        wanted = stamps[-1] * (1 - number / (count - 1))
        after = bisect.bisect_left(left, wanted, key=stamps.__getitem__)
        near = (at for at in (after - 1, after) if 0 <= at < len(left))
        picked.append(left.pop(min(near, key=lambda at: abs(stamps[left[at]] - wanted))))
    return [samples[index] for index in sorted(picked)]


def _silence(
    buffers: CameraBuffers, snapshot: CameraSnapshot, stamp_ns: int | None, window_s: float,
) -> str:
    topic = snapshot.config.image_topic
    if stamp_ns is not None and snapshot.images:
        first, last = (snapshot.images[at].stamp_ns * 1e-9 for at in (0, -1))
        return (
            f'no image on {topic} from {stamp_ns * 1e-9 - window_s:.3f} s to '
            f'{stamp_ns * 1e-9:.3f} s: the {len(snapshot.images)} in the buffer are from '
            f'{first:.3f} s to {last:.3f} s; ask for a stamp in there, or raise buffer_s; `ros2 '
            f'topic echo {topic} --field header.stamp` shows those that come')
    found = (one.stream('image') for one in buffers.status() if one.name == snapshot.config.name)
    lines = [image.silence(window_s) for image in found if image is not None]
    return f'camera {snapshot.config.name}: {lines[0]}' if lines else (
        f'camera {snapshot.config.name}: {topic} is not subscribed any more')
