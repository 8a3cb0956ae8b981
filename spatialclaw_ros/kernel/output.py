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

import builtins
import io
import signal
import sys
from collections.abc import Callable
from typing import Any

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
WATCH_SIGNAL = signal.SIGALRM
_WATCH_S = 0.05
_surrogates = str.maketrans(dict.fromkeys(range(0xd800, 0xe000), '\ufffd'))


def bounded(text: str, limit: int) -> str:
    """A text that can be encoded and has at most `limit` characters."""
    text = text if len(text) <= limit else text[:limit - 4] + ' ...'
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.translate(_surrogates)
    return text


class BoundedText:
    """What a cell prints: a text stream, and the head and tail of what was written to it.

    The cells' own `print` only puts texts into a list, at three quarters of the built-in's cost;
    the stream takes them over before anything else is written to it. Neither has a bound of its
    own: a timer looks after them while a cell runs, and of a cell that stops the timer, the
    worker's memory is the bound.
    """

    def __init__(self) -> None:
        self._kept = _HeadAndTail()
        self._stream = _Stream()
        self._watched = False
        self._spilling = False

    def watch(self) -> None:
        """Look after the stream from the next cell on, by `WATCH_SIGNAL`; in the main thread."""
        self._watched = True

    def begin(self) -> io.StringIO:
        """Forget everything, for the next cell.

        Returns:
            The stream to print to.
        """
        if self._stream.closed:  # by the cell before
            self._stream.__init__()  # type: ignore[misc]
        self._stream.take()
        self._kept.clear()
        if self._watched:
            signal.signal(WATCH_SIGNAL, self._spill)  # the cell before may have had its own
            signal.setitimer(signal.ITIMER_REAL, _WATCH_S, _WATCH_S)
        return self._stream

    def end(self) -> str:
        """End a cell.

        Returns:
            As `text`.
        """
        if self._watched:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        return self.text()

    def text(self) -> str:
        """What was written; a line in the middle says how much was left out."""
        self._spill()
        return bounded(self._kept.text(), MAX_STDOUT_CHARS)

    def make_print(self) -> Callable[..., None]:
        """A `print` that does what the built-in one does, sooner where it prints to the stream."""
        stream = self._stream
        add = stream.printed.append

        def print(
            value: object = '', /, *values: object, sep: str | None = ' ',
            end: str | None = '\n', file: Any = None, flush: bool = False,
        ) -> None:
            if values or file is not None or end.__class__ is not str or (
                    sys.stdout is not stream):
                _print(stream, value, *values, sep=sep, end=end, file=file, flush=flush)
                return
            add(value if value.__class__ is str else str(value))  # type: ignore[arg-type]
            add(end)  # type: ignore[arg-type]

        return print

    def _spill(self, *_: object) -> None:
        """Keep of the stream what will be told."""
        # a signal may come while another one, or the cell's end, is at it
        if self._spilling or self._stream.closed:
            return
        self._spilling = True
        try:
            text = self._stream.take()
            if text:
                self._kept.add(text)
        finally:
            self._spilling = False


class _Stream(io.StringIO):
    """A stream in memory, and what `print` has put beside it."""

    encoding = 'utf-8'  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.printed: list[str] = getattr(self, 'printed', [])

    def write(self, text: str, /) -> int:
        if self.printed:
            self._gather()
        return super().write(text)

    def getvalue(self) -> str:
        if self.printed:
            self._gather()
        return super().getvalue()

    def take(self) -> str:
        """What was written; then nothing is."""
        text = self.getvalue()
        if text:
            super().__init__()
        return text

    def _gather(self) -> None:
        count = len(self.printed)
        super().write(''.join(self.printed[:count]))
        del self.printed[:count]


def _print(
    stream: _Stream, *values: object, sep: str | None, end: str | None, file: Any, flush: bool,
) -> None:
    """The built-in `print`, in one piece where it goes to the stream."""
    if file is not None or sys.stdout is not stream:
        builtins.print(*values, sep=sep, end=end, file=file, flush=flush)
    elif sep.__class__ is str and end.__class__ is str:
        line = sep.join([  # type: ignore[union-attr]
            value if value.__class__ is str else str(value) for value in values])
        stream.printed.append(line + end)  # type: ignore[operator]
    else:
        line_stream = io.StringIO()
        builtins.print(*values, sep=sep, end=end, file=line_stream)
        stream.printed.append(line_stream.getvalue())


class _HeadAndTail:
    """Keeps the first and the last characters of what is added."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._head = self._tail = ''
        self._dropped = 0

    def add(self, text: str) -> None:
        if not text.isascii():
            text = text.encode('utf-8', 'backslashreplace').decode()
        room = HEAD_CHARS - len(self._head)
        if room > 0:
            self._head += text[:room]
            text = text[room:]
        self._dropped += max(0, len(self._tail) + len(text) - TAIL_CHARS)
        self._tail = (self._tail + text[-TAIL_CHARS:])[-TAIL_CHARS:]

    def text(self) -> str:
        if not self._dropped:
            return self._head + self._tail
        return f'{self._head}\n... {self._dropped} characters left out ...\n{self._tail}'


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
            bounded(str(image.label or ''), 512), height, width,
            np.ascontiguousarray(pixels).tobytes()))


def _size(pixels: np.ndarray) -> tuple[int, int]:
    """Height and width that a picture is sent with."""
    height, width = pixels.shape[:2]
    scale = min(
        1.0, (MAX_IMAGE_PIXELS / (height * width)) ** 0.5, MAX_IMAGE_SIDE / max(height, width))
    if scale == 1.0:
        return height, width
    return max(1, int(height * scale)), max(1, int(width * scale))
