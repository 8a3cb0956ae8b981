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

"""How each camera does, as `/diagnostics` tells it, and what of its messages is lost of late."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

from spatialclaw_ros.ros.camera_status import CameraStatus, StreamStatus
from spatialclaw_ros.ros.health import ERROR, OK, WARN, Health, Sources, absent

STALE_S = 2.0
LOOKS = 10
"""So many looks, one a second, are what is called of late."""
LOST_SHARE = 0.1
PAIRED_SHARE = 0.5


class CamerasHealth:
    """Looks at cameras, once a second."""

    def __init__(self) -> None:
        self._counts: dict[str, deque[tuple[int, int]]] = {}

    def look(self, seen: Sources) -> Iterator[Health]:
        """Each camera that is configured."""
        if seen.cameras is None:
            self._counts.clear()
            for config in seen.configured:
                yield absent(f'camera {config.name}', seen, config.image_topic)
            return
        for camera in seen.cameras():
            yield of_camera(camera, self._lost_share(camera))

    def _lost_share(self, camera: CameraStatus) -> float:
        """Share of the messages of late that did not come."""
        now = (camera.lost, sum(stream.received for stream in camera.streams))
        counts = self._counts.setdefault(camera.name, deque(maxlen=LOOKS))
        counts.append(now)
        lost, came = (after - before for after, before in zip(now, counts[0]))
        # a count that is smaller is another one: inputs were opened again
        return lost / (lost + came) if lost > 0 and came >= 0 else 0.0


def of_camera(camera: CameraStatus, lost_share: float = 0.0) -> Health:
    """Rates, ages and what is wrong; a camera without images is an error.

    Args:
        camera: as its buffers tell.
        lost_share: of the messages of late, how many were lost.
    """
    image = camera.stream('image')
    topic = image.topic if image is not None else ''
    values = {
        'lost': str(camera.lost), 'lost of late (%)': f'{100 * lost_share:.0f}',
        'paired (%)': '' if math.isnan(camera.paired) else f'{100 * camera.paired:.0f}',
        'TF': camera.tf or ('ok' if image is not None and image.buffered else '')}
    faults: list[tuple[bytes, str]] = []
    for stream in camera.streams:
        values |= {
            f'{stream.role} topic': stream.topic,
            f'{stream.role} rate (Hz)': _number(stream.rate_hz, 1),
            f'{stream.role} age (s)': _number(stream.age_s, 2),
            f'{stream.role} received': str(stream.received),
            f'{stream.role} lost': str(stream.lost),
            f'{stream.role} buffered (MB)': f'{stream.buffered_bytes / 1e6:.1f}'}
        if not stream.age_s <= (math.inf if stream.keeps_last else STALE_S):
            faults.append((ERROR if stream.role == 'image' else WARN, stream.silence(STALE_S)))
    if not faults:
        faults = [(WARN, text) for text in (camera.last_error, camera.tf) if text]
        if lost_share > LOST_SHARE:
            faults.append((WARN, (
                f'{lost_share:.0%} of its messages are lost on the way: compare '
                f'`ros2 topic hz {topic}`; docs/networking.md')))
        if camera.paired < PAIRED_SHARE:
            faults.append((WARN, (
                f'only {camera.paired:.0%} of its images have depth and CameraInfo of their time: '
                f'compare stamps with `ros2 topic echo {topic} --field header`, and see '
                'pair_tolerance_s')))
    if not faults:
        return Health(f'camera {camera.name}', OK, _fine(image), values, topic)
    level = max(level for level, _ in faults)
    # beside what fails, what only warns would be noise: most often it follows from that
    return Health(
        f'camera {camera.name}', level, '; '.join(text for at, text in faults if at == level),
        values, topic)


def _fine(image: StreamStatus | None) -> str:
    if image is None:
        return 'no image topic'
    return 'first image came' if math.isnan(image.rate_hz) else f'{image.rate_hz:.1f} Hz'


def _number(value: float, digits: int) -> str:
    return '' if math.isnan(value) else f'{value:.{digits}f}'
