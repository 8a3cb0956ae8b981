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

"""Payloads on a stream socket: four bytes of length, then the payload; descriptors beside it."""

from __future__ import annotations

import array
import os
import socket
import struct
from collections.abc import Sequence

import numpy as np

from spatialclaw_ros.errors import WireError

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_LENGTH = struct.Struct('<I')
_READ_AHEAD_BYTES = 65_536
_MAX_FDS = 4
_FD_SPACE = socket.CMSG_SPACE(_MAX_FDS * array.array('i').itemsize)


class FrameReader:
    """Puts a stream of bytes together to payloads.

    Receive into `wanted`, then tell `advance` how many bytes came; when it gave a payload, ask
    `take` for the next one before receiving again. Small messages come with one call of the
    operating system, large ones are received where they stay.

    Args:
        max_bytes: of one payload.
    """

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._ahead = bytearray(_READ_AHEAD_BYTES)
        self._start = 0
        self._end = 0
        self._body: memoryview | None = None
        self._filled = 0

    @property
    def wanted(self) -> memoryview:
        """Space for the bytes that come next, never empty."""
        if self._body is not None:
            return self._body[self._filled:]
        return memoryview(self._ahead)[self._end:]

    def advance(self, count: int) -> bytearray | memoryview | None:
        """Take note of `count` received bytes; the payload once it is whole.

        Raises:
            WireError: the announced length is 0 or too large.
        """
        if self._body is None:
            self._end += count
            return self.take()
        self._filled += count
        if self._filled < len(self._body):
            return None
        payload, self._body = self._body, None
        return payload

    def take(self) -> bytearray | memoryview | None:
        """The next payload, if it has come already.

        Raises:
            WireError: the announced length is 0 or too large.
        """
        start, have = self._start, self._end - self._start
        if self._body is not None or have < _LENGTH.size:
            if start and self._body is None:
                self._ahead[:have] = self._ahead[start:self._end]
                self._start, self._end = 0, have
            return None
        (length,) = _LENGTH.unpack_from(self._ahead, start)
        if not 0 < length <= self._max_bytes:
            raise WireError(f'a message of {length} bytes was announced, '
                            f'expected 1 to {self._max_bytes}')
        start += _LENGTH.size
        have -= _LENGTH.size
        if have >= length:
            payload = self._ahead[start:start + length]
            self._start = start + length
            if self._start == self._end:
                self._start = self._end = 0
            return payload
        # not touched before bytes come: four of them announce 64 MiB
        self._body, self._filled = np.empty(length, np.uint8).data, have
        self._body[:have] = self._ahead[start:self._end]
        self._start = self._end = 0
        return None


def parts_of(payload: bytes) -> list[memoryview]:
    """A payload with its length before it, to be sent one after the other; none is empty.

    A small one is put together: two sends would wake the other end twice.
    """
    header = _LENGTH.pack(len(payload))
    if len(payload) < _READ_AHEAD_BYTES:
        return [memoryview(header + payload)]
    return [memoryview(header), memoryview(payload)]


class BlockingWire:
    """The child's end of a wire: sends and receives whole messages, waits as long as it takes.

    Args:
        connection: a stream socket, owned by the caller.
        max_bytes: of one received payload.
    """

    def __init__(
        self, connection: socket.socket, max_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        self._socket = connection
        self._reader = FrameReader(max_bytes)

    def send(self, payload: bytes, fds: Sequence[int] = ()) -> None:
        """Send one payload, descriptors with its first byte."""
        parts = parts_of(payload)
        if fds:
            sent = socket.send_fds(self._socket, [parts[0]], list(fds))
            parts[0] = parts[0][sent:]
        for part in parts:
            self._socket.sendall(part)

    def receive(self) -> tuple[bytearray | memoryview, list[int]]:
        """Receive one payload and the descriptors that came with it.

        Raises:
            EOFError: the other end is closed.
            WireError: the announced length is out of bounds.
        """
        fds: list[int] = []
        try:
            payload = self._reader.take()
            while payload is None:
                count, ancillary, _, _ = self._socket.recvmsg_into(
                    [self._reader.wanted], 0 if fds else _FD_SPACE, socket.MSG_CMSG_CLOEXEC)
                for level, kind, data in ancillary:
                    if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                        received = array.array('i')
                        received.frombytes(data[:len(data) - len(data) % received.itemsize])
                        fds.extend(received)
                if count == 0:
                    raise EOFError('the other end of the wire is closed')
                payload = self._reader.advance(count)
        except BaseException:
            for fd in fds:
                os.close(fd)
            raise
        return payload, fds
