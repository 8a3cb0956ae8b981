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


"""Which frames a model is shown from the beginning; all of them stay in the kernel."""

from __future__ import annotations

from collections.abc import Sequence

from spatialclaw_ros.workspace.observation import Frame

MAX_KEY_FRAMES = 32


def key_frames(frames: Sequence[Frame], most: int = MAX_KEY_FRAMES) -> tuple[Frame, ...]:
    """At most so many frames in their order, each camera its share, evenly chosen.

    Of one camera that is uniform in time, the first and the newest among them; of pictures that are
    a camera each, the first of them.

    Args:
        frames: in time order.
        most: pictures, 1 or more.
    """
    if len(frames) <= most:
        return tuple(frames)
    by_camera: dict[str, list[Frame]] = {}
    for frame in frames:
        by_camera.setdefault(frame.camera, []).append(frame)
    counts = [len(those) for those in by_camera.values()]
    chosen = {
        those[place].index
        for those, share in zip(by_camera.values(), shares(counts, most))
        for place in evenly(len(those), share)}
    return tuple(frame for frame in frames if frame.index in chosen)


def shares(counts: Sequence[int], most: int) -> list[int]:
    """How many of each may be taken, if `most` are taken in all.

    Nobody gets more than there is; what is not needed goes to the others, what can't be divided to
    the first.
    """
    granted = [0] * len(counts)
    left = most
    wanting = [place for place, count in enumerate(counts) if count]
    while left > 0 and wanting:
        each = max(1, left // len(wanting))
        for place in wanting:
            more = min(each, counts[place] - granted[place], left)
            granted[place] += more
            left -= more
        wanting = [place for place in wanting if granted[place] < counts[place]]
    return granted


def evenly(count: int, taken: int) -> list[int]:
    """Places of `taken` of `count`, both ends among them; the last alone where one is taken."""
    if taken >= count:
        return list(range(count))
    if taken == 1:
        return [count - 1]
    return [round(step * (count - 1) / (taken - 1)) for step in range(taken)]
