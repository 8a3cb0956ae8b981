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


"""Reads a request's body as it comes: bounded, counted, and no slower than a least rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import numpy as np

from spatialclaw_ros.perception.served.buffers import Buffers
from spatialclaw_ros.perception.served.direct import Direct

PERIOD_S = 5.0
MOST_S = 120.0
_LEAST_BYTES_PER_S = 4096
_FIRST_BYTES = 1 << 19

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class BodyError(Exception):
    """A body can't be taken.

    Args:
        status: of HTTP.
        message: for who sent it.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class GoneError(Exception):
    """Who sent the request has closed the connection."""


def announced(headers: list[tuple[bytes, bytes]], most: int) -> int | None:
    """The length of the body that comes, as its header says it.

    Args:
        headers: of the request.
        most: bytes that are allowed.

    Returns:
        None when no length is announced (chunks).

    Raises:
        BodyError: it is too large, or no number.
    """
    given = [value for name, value in headers if name == b'content-length']
    if not given:
        return None
    if not given[0].isdigit() or len(given[0]) > 18:
        raise BodyError(400, f'Content-Length must be a number, got {given[0][:40]!r}')
    length = int(given[0])
    if length > most:
        raise BodyError(413, f'a request may have {most} bytes, {length} were announced')
    return length


async def read_body(
    receive: Receive, length: int | None, most: int, *, direct: Direct | None = None,
    buffers: Buffers | None = None,
) -> np.ndarray:
    """The body, (size,) uint8; in each `PERIOD_S` so many bytes of it must come, all in `MOST_S`.

    Args:
        receive: of ASGI.
        length: as `announced` found it.
        most: bytes that are allowed.
        direct: way around ASGI, where there is one.
        buffers: memory of earlier bodies.

    Raises:
        BodyError: more came than was announced or is allowed, or it came too slowly.
        GoneError: the connection was closed before all of it came.
    """
    body = _Body(length, most, buffers or Buffers())
    whole = direct is not None and length
    reading = asyncio.ensure_future(
        body.read_directly(direct) if whole and direct else body.read(receive))
    end_s = time.monotonic() + MOST_S
    try:
        while True:
            before = body.filled
            done, _ = await asyncio.wait({reading}, timeout=PERIOD_S)
            if done:
                return reading.result()
            if body.filled - before < PERIOD_S * _LEAST_BYTES_PER_S:
                raise BodyError(
                    408, f'a request must come with {_LEAST_BYTES_PER_S} bytes a second or more')
            if time.monotonic() > end_s:
                raise BodyError(
                    408, f'a request must come within {MOST_S:g} s, {body.filled} bytes of it '
                    'came; send fewer or smaller images')
    finally:
        reading.cancel()


class _Body:
    def __init__(self, length: int | None, most: int, buffers: Buffers) -> None:
        self._length = length
        self._most = most
        # its pages are not touched before bytes come
        self._data = buffers.take(_FIRST_BYTES if length is None else length)
        self._progress = [0]

    @property
    def filled(self) -> int:
        """Bytes that came."""
        return self._progress[0]

    async def read_directly(self, direct: Direct) -> np.ndarray:
        if not await direct.read_into(self._data, self._progress):
            raise GoneError
        return self._data

    async def read(self, receive: Receive) -> np.ndarray:
        while True:
            message = await receive()
            if message['type'] == 'http.disconnect':
                raise GoneError
            chunk = message.get('body', b'')
            if chunk:
                self._append(chunk)
            if not message.get('more_body', False):
                break
        if self._length is not None and self.filled < self._length:
            raise GoneError
        return self._data[:self.filled]

    def _append(self, chunk: bytes) -> None:
        end = self.filled + len(chunk)
        if self._length is not None and end > self._length:
            raise BodyError(400, f'more came than the {self._length} bytes announced')
        if end > self._most:
            raise BodyError(413, f'a request may have {self._most} bytes, more came')
        if end > len(self._data):
            larger = np.empty(min(self._most, 2 * end), np.uint8)
            larger[:self.filled] = self._data[:self.filled]
            self._data = larger
        memoryview(self._data)[self.filled:end] = chunk  # type: ignore[arg-type]
        self._progress[0] = end
