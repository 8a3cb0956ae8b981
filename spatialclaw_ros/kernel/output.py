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
from typing import Any, BinaryIO, cast

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

HEAD_BYTES = MAX_STDOUT_CHARS * 3 // 4
TAIL_BYTES = MAX_STDOUT_CHARS - HEAD_BYTES - 128
_MAX_PIECES = 256
_surrogates = str.maketrans(dict.fromkeys(range(0xd800, 0xe000), '\ufffd'))


def clean(text: str, limit: int) -> str:
    """A text that can be encoded and has at most `limit` characters."""
    text = text if len(text) <= limit else text[:limit - 4] + ' ...'
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.translate(_surrogates)
    return text


class BoundedText:
    """What a cell prints: a text stream, and the head and tail of what was written to it.

    The stream is the interpreter's own, written in C: a cell that prints a thousand lines makes
    four thousand writes.
    """

    def __init__(self) -> None:
        self._kept = _HeadAndTail()
        self._stream: io.TextIOWrapper | None = None

    def begin(self) -> io.TextIOWrapper:
        """Forget everything, for the next cell.

        Returns:
            The stream to print to.
        """
        try:
            if self._stream is None:
                raise ValueError
            self._stream.flush()
        # nobody's, or a cell took it apart
        except (ValueError, AttributeError):
            self._stream = io.TextIOWrapper(
                cast('BinaryIO', self._kept), 'utf-8', errors='backslashreplace', newline='\n')
        self._kept.clear()
        return self._stream

    def text(self) -> str:
        """What was written; a line in the middle says how much was left out."""
        if self._stream is not None:
            try:
                self._stream.flush()
            except (ValueError, AttributeError):
                self._stream = None
        return clean(self._kept.text(), MAX_STDOUT_CHARS)


class _HeadAndTail(io.RawIOBase):
    """Keeps the first and the last bytes of what is written."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._head: list[bytes] = []
        self._room = HEAD_BYTES
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._dropped = 0

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Stay open: the session's next cells print here too."""

    def write(self, data: Any, /) -> int:
        data = bytes(data)
        count = len(data)
        if self._room:
            self._head.append(data[:self._room])
            data = data[self._room:]
            self._room = max(0, self._room - count)
        if len(data) > TAIL_BYTES:
            self._dropped += _chars(data[:-TAIL_BYTES])
            data = data[-TAIL_BYTES:]
        if data:
            self._tail.append(data)
            self._tail_bytes += len(data)
        while self._tail and self._tail_bytes - len(self._tail[0]) >= TAIL_BYTES:
            gone = self._tail.popleft()
            self._tail_bytes -= len(gone)
            self._dropped += _chars(gone)
        # many small writes that are flushed one by one
        if len(self._tail) > _MAX_PIECES:
            self._tail = deque([b''.join(self._tail)])
        return count

    def text(self) -> str:
        head, tail = b''.join(self._head), b''.join(self._tail)
        dropped = self._dropped + _chars(tail[:-TAIL_BYTES])
        tail = tail[-TAIL_BYTES:]
        if not dropped:
            return (head + tail).decode(errors='replace')
        # a character cut in two is left out
        return (f'{head.decode(errors="ignore")}\n... {dropped} characters left out ...\n'
                f'{tail.decode(errors="ignore")}')


def _chars(data: bytes) -> int:
    return len(data.decode(errors='ignore'))


class Pictures:
    """Sends shown pictures to the host while the cell runs.

    Args:
        send: takes one message.
        most_bytes: of all pictures of the session, as they are sent.
    """

    def __init__(self, send: Callable[[Shown], None], most_bytes: int) -> None:
        self._send = send
        self._most_bytes = most_bytes
        self._bytes = 0
        self._count = 0
        self._muted = False

    def begin(self, *, muted: bool) -> None:
        """A new cell starts; a muted one is a replay."""
        self._count = 0
        self._muted = muted

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
        if self._count >= MAX_IMAGES:
            raise ValueError(
                f'a cell can show {MAX_IMAGES} pictures; put several into one figure, '
                'or show fewer')
        height, width = _size(pixels)
        if self._bytes + 3 * height * width > self._most_bytes:
            raise ValueError(
                f'the {self._most_bytes >> 20} MiB of pictures that this query may show are '
                'used up; print numbers instead')
        self._count += 1
        # a replay counts what the cell showed before, for the same cells to be refused after it
        self._bytes += 3 * height * width
        if self._muted:
            return
        if (height, width) != pixels.shape[:2]:
            pixels = cv2.resize(
                np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_AREA)
        self._send(Shown(
            clean(str(image.label or ''), 512), height, width,
            np.ascontiguousarray(pixels).tobytes()))


def _size(pixels: np.ndarray) -> tuple[int, int]:
    """Height and width that a picture is sent with."""
    height, width = pixels.shape[:2]
    scale = min(
        1.0, (MAX_IMAGE_PIXELS / (height * width)) ** 0.5, MAX_IMAGE_SIDE / max(height, width))
    if scale == 1.0:
        return height, width
    return max(1, int(height * scale)), max(1, int(width * scale))
