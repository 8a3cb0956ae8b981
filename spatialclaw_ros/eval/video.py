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


"""Reads a video: which of its frames are wanted, and those frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.pictures import fit_rgb
from spatialclaw_ros.eval.records import Video

MOST_FRAMES = 1 << 24
"""A container that claims more, 77 hours at 60 Hz, is counted instead of believed."""


class VideoFile:
    """A part of a video at the rate that is wanted.

    Args:
        video: path, part and rate.

    Attributes:
        indices: of the wanted frames in the file, rising. Frame i of a thinned video is frame
            round(i * own rate / wanted rate), counted from where the part begins.
        fps: the file's own rate, Hz.

    Raises:
        InvalidRequestError: the file is not there, can't be decoded, or the part is empty.
    """

    def __init__(self, video: Video) -> None:
        self.path = video.path
        with _opened(self.path) as capture:
            self.fps = capture.get(cv2.CAP_PROP_FPS)
            total = round(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            if not 0 < total <= MOST_FRAMES:  # a container that does not tell
                total = _count(capture)
        if not self.fps > 0:
            raise InvalidRequestError(f'the video {self.path} tells no frame rate; convert it')
        first = min(round(video.start_s * self.fps), total)
        end = total if video.end_s is None else min(total, round(video.end_s * self.fps) + 1)
        self.indices = _thinned(first, end, self.fps, video.max_fps)
        if not self.indices:
            raise InvalidRequestError(
                f'the video {self.path} has no frames from {video.start_s} s to '
                f'{"its end" if video.end_s is None else f"{video.end_s} s"}: it has {total} '
                f'at {self.fps:g} Hz')

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, places: Sequence[int], max_edge: int) -> Iterator[tuple[float, np.ndarray]]:
        """Time from the video's beginning in seconds, and (H, W, 3) uint8 RGB, of wanted frames.

        Args:
            places: in `indices`, rising.
            max_edge: of the pictures, pixels.

        Raises:
            InvalidRequestError: not one of them could be decoded.
        """
        wanted = [self.indices[place] for place in places]
        came = 0
        with _opened(self.path) as capture:
            position = -1
            for index in wanted:
                while position < index and capture.grab():
                    position += 1
                if position < index:
                    break  # the container promised more than it has
                done, bgr = capture.retrieve()
                if done:
                    came += 1
                    yield index / self.fps, fit_rgb(bgr, max_edge)
        if not came:
            raise InvalidRequestError(
                f'not one frame of the video {self.path} could be decoded; download it again')


def _thinned(first: int, end: int, fps: float, max_fps: float | None) -> Sequence[int]:
    if max_fps is None or fps <= max_fps:
        return range(first, end)
    indices: list[int] = []
    while (index := first + round(len(indices) * fps / max_fps)) < end:
        indices.append(index)
    return indices


def _count(capture: cv2.VideoCapture) -> int:
    count = 0
    while capture.grab():
        count += 1
    return count


@contextmanager
def _opened(path: str) -> Iterator[cv2.VideoCapture]:
    if not Path(path).is_file():
        raise InvalidRequestError(
            f'the video {path} is not there: put it there, or unpack the archive that holds it')
    capture = cv2.VideoCapture(path)
    try:
        if not capture.isOpened():
            raise InvalidRequestError(
                f'the video {path} can not be opened: OpenCV reads no such file; download it again')
        yield capture
    finally:
        capture.release()
