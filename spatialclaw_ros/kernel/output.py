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


"""Catches what a cell prints and shows, within bounds."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable

import cv2
import numpy as np

from spatialclaw_ros.kernel.messages import (
    MAX_IMAGE_PIXELS,
    MAX_IMAGE_SIDE,
    MAX_IMAGES,
    MAX_STDOUT_CHARS,
    Shown,
)
from spatialclaw_ros.workspace.cell import ShownImage

HEAD_CHARS = MAX_STDOUT_CHARS * 3 // 4
TAIL_CHARS = MAX_STDOUT_CHARS - HEAD_CHARS - 128
_CHUNK_CHARS = 4096
_surrogates = str.maketrans(dict.fromkeys(range(0xd800, 0xe000), '\ufffd'))


def clean(text: str, limit: int) -> str:
    """A text that can be encoded and has at most `limit` characters."""
    text = text if len(text) <= limit else text[:limit - 4] + ' ...'
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.translate(_surrogates)
    return text


class BoundedText(io.TextIOBase):
    """A text stream that keeps the head and the tail of what is written."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._head: list[str] = []
        self._room = HEAD_CHARS
        self._tail: deque[str] = deque()
        self._tail_chars = 0
        self._dropped = 0

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Some libraries ask."""
        return 'utf-8'

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str, /) -> int:
        """Take text."""
        if not isinstance(text, str):
            raise TypeError(f'write() takes a str, got {type(text).__name__}')
        count = len(text)
        if count <= self._room and not self._tail:
            self._head.append(text)
            self._room -= count
            return count
        if self._room and not self._tail:
            self._head.append(text[:self._room])
            text = text[self._room:]
            self._room = 0
        if len(text) > TAIL_CHARS:
            self._dropped += len(text) - TAIL_CHARS
            text = text[-TAIL_CHARS:]
        if self._tail and len(self._tail[-1]) < _CHUNK_CHARS:
            self._tail[-1] += text
        else:
            self._tail.append(text)
        self._tail_chars += len(text)
        while self._tail_chars - len(self._tail[0]) >= TAIL_CHARS:
            gone = len(self._tail.popleft())
            self._tail_chars -= gone
            self._dropped += gone
        return count

    def text(self) -> str:
        """What was written; a line in the middle says how much was left out."""
        head, tail = ''.join(self._head), ''.join(self._tail)
        dropped = self._dropped + max(0, len(tail) - TAIL_CHARS)
        tail = tail[-TAIL_CHARS:]
        if dropped:
            return clean(
                f'{head}\n... {dropped} characters left out ...\n{tail}', MAX_STDOUT_CHARS)
        return clean(head + tail, MAX_STDOUT_CHARS)


class Pictures:
    """Sends shown pictures to the host while the cell runs.

    Args:
        send: takes one message.
    """

    def __init__(self, send: Callable[[Shown], None]) -> None:
        self._send = send
        self._count = 0
        self.muted = False

    def begin(self, *, muted: bool) -> None:
        """A new cell starts; a muted one is a replay."""
        self._count = 0
        self.muted = muted

    def show(self, image: ShownImage) -> None:
        """Put out one picture; larger ones are made smaller.

        Raises:
            ValueError: the picture is not (H, W, 3) uint8, or too many were shown.
        """
        pixels = np.asarray(image.array)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or (
                0 in pixels.shape):
            raise ValueError(
                f'show() takes (H, W, 3) uint8 pictures, got {pixels.shape} {pixels.dtype}')
        self._count += 1
        if self._count > MAX_IMAGES:
            raise ValueError(
                f'a cell can show {MAX_IMAGES} pictures; put several into one figure, '
                'or show fewer')
        if self.muted:
            return
        pixels = _fit(pixels)
        self._send(Shown(
            clean(str(image.label or ''), 512), pixels.shape[0], pixels.shape[1],
            np.ascontiguousarray(pixels).tobytes()))


def _fit(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    scale = min(
        1.0, (MAX_IMAGE_PIXELS / (height * width)) ** 0.5, MAX_IMAGE_SIDE / max(height, width))
    if scale == 1.0:
        return pixels
    size = max(1, int(width * scale)), max(1, int(height * scale))
    return cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
