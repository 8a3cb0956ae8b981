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

"""Which buffered messages of one camera may stand side by side in a query.

A message that contradicts itself is left out. A camera that changed its resolution, its frame or
its calibration in the middle of the window is another camera from then on: the newest run of
images that agree is kept, and what was left out is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from spatialclaw_ros.errors import UnsupportedEncodingError
from spatialclaw_ros.ros.camera_info import Calibration
from spatialclaw_ros.ros.cameras import CameraSnapshot
from spatialclaw_ros.ros.images import ImageKind, check_color, check_depth
from spatialclaw_ros.ros.missing import Missing
from spatialclaw_ros.ros.streams import Sample, nearest
from spatialclaw_ros.workspace.observation import Frame

SLACK_NS = 1_000_000_000


class _Look(NamedTuple):
    """What must stay the same from image to image, but for encodings."""

    image: ImageKind
    calibration: Calibration | None

    def change_to(self, newer: _Look) -> str:
        """How a newer image differs, in words; '' where it does not."""
        before, after = self.image, newer.image
        if (before.width, before.height) != (after.width, after.height):
            return (f'changed from {before.width}x{before.height} to '
                    f'{after.width}x{after.height}')
        if before.frame_id != after.frame_id:
            return f'changed their frame_id from {before.frame_id!r} to {after.frame_id!r}'
        return '' if self.calibration == newer.calibration else 'changed their CameraInfo'


def sound(snapshot: CameraSnapshot, images: Sequence[Sample], missing: Missing) -> tuple[
        CameraSnapshot, tuple[Sample, ...]]:
    """Leave out raw images and depths whose size, step, data and encoding don't fit together.

    Args:
        snapshot: of a camera.
        images: those of it that are in the window.
        missing: takes a line for each topic with such messages.

    Returns:
        The snapshot with sound depths, and the sound images; all of them where none is sound,
        whose decoding then says why.
    """
    config = snapshot.config
    if images and config.depth_topic and config.depth_transport == 'raw':
        first_ns, last_ns = images[0].stamp_ns - SLACK_NS, images[-1].stamp_ns + SLACK_NS
        near = [one for one in snapshot.depths if first_ns <= one.stamp_ns <= last_ns]
        depths = tuple(_fitting(near, check_depth, config.depth_topic, missing))
        snapshot = replace(snapshot, depths=depths or tuple(near))
    if config.image_transport != 'raw':
        return snapshot, tuple(images)
    fitting = tuple(_fitting(images, check_color, config.image_topic, missing))
    return snapshot, fitting or tuple(images)


def newest_run(
    snapshot: CameraSnapshot, images: Sequence[Sample], missing: Missing,
) -> tuple[Sample, ...]:
    """The newest images that agree in size, frame and calibration.

    Args:
        snapshot: of a camera.
        images: in order of stamps.
        missing: takes a line when older ones are left out.
    """
    if _is_one_kind(images) and _is_one_kind(snapshot.infos):  # as mostly: nothing to compare
        return tuple(images)
    looks = [_look(snapshot, image) for image in images]
    start = len(images) - 1
    while start > 0 and (
            looks[start - 1] == looks[-1] or not looks[start - 1].change_to(looks[-1])):
        start -= 1
    if start > 0:
        missing.add(
            ('run', snapshot.config.name),
            f'images on {snapshot.config.image_topic} {looks[start - 1].change_to(looks[start])} '
            f'{(images[-1].stamp_ns - images[start].stamp_ns) * 1e-9:.2f} s before the newest: '
            f'{start} older ones are left out')
    return tuple(images[start:])


def same_size(frames: list[Frame], missing: Missing) -> list[Frame]:
    """Decoded frames without those of a camera that had another size before its newest one.

    Compressed images show their size only when they are decoded.

    Args:
        frames: in order of time; their indices are given anew.
        missing: takes a line for each camera that changed.
    """
    newest = {frame.camera: frame.image.shape for frame in frames}
    since: dict[str, int] = {}
    for frame in frames:
        if frame.image.shape != newest[frame.camera]:
            since[frame.camera] = frame.index
            (height, width), (now_height, now_width) = (
                frame.image.shape[:2], newest[frame.camera][:2])
            missing.add(
                ('run', frame.camera),
                f'images of camera {frame.camera} changed from {width}x{height} to '
                f'{now_width}x{now_height}: older ones are left out')
    if not since:
        return frames
    kept = [frame for frame in frames if frame.index > since.get(frame.camera, -1)]
    return [replace(frame, index=index) for index, frame in enumerate(kept)]


def _fitting(
    samples: Sequence[Sample], check: Callable[[Any], None], topic: str, missing: Missing,
) -> Iterator[Sample]:
    faults: dict[object, str] = {}
    kind, fault = None, ''
    for sample in samples:
        # all that a check looks at: a window has many messages, and few kinds of them
        if sample.kind is not kind:
            kind = sample.kind
            if kind not in faults:
                faults[kind] = ''
                try:
                    check(sample.message)
                except UnsupportedEncodingError as error:
                    faults[kind] = str(error)
            fault = faults[kind]
        if not fault:
            yield sample
            continue
        missing.add(('malformed', topic), (
            f'left out, for it is malformed: {topic}: {fault}; see `ros2 topic echo --once '
            f'--no-arr {topic}`'))


def _is_one_kind(samples: Sequence[Sample]) -> bool:
    return all(one.kind is samples[0].kind for one in samples)


def _look(snapshot: CameraSnapshot, image: Sample) -> _Look:
    info = nearest(snapshot.infos, image.stamp_ns)
    return _Look(image.kind, None if info is None else info.kind)
