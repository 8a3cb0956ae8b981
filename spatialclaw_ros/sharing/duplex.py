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

"""Payloads and descriptors on a stream socket on which both ends talk whenever they like.

A descriptor arrives no later than the first byte of its message, but the operating system may hand
it out together with bytes of messages before it. So descriptors queue up in their order, and
whoever decodes a message that announces one takes it from the queue.
"""

from __future__ import annotations

import array
import collections
import os
import socket

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.sharing.stream import FrameReader

_FD_SPACE = socket.CMSG_SPACE(4 * array.array('i').itemsize)
_MOST_WAITING = 64


class Duplex:
    """The receiving side of one end; belongs to one thread.

    Args:
        connection: a stream socket, blocking or not, owned by the caller.
        max_bytes: of one received payload.
    """

    def __init__(self, connection: socket.socket, max_bytes: int) -> None:
        self._socket = connection
        self._reader = FrameReader(max_bytes)
        self._fds: collections.deque[int] = collections.deque()

    def receive(self) -> list[bytearray | memoryview]:
        """Receive once; the payloads that are whole now, possibly none.

        Raises:
            BlockingIOError: nothing has come, on a socket that does not block.
            EOFError: the other end is closed.
            WireError: a length is out of bounds, or descriptors come that nobody announced.
        """
        count, ancillary, _, _ = self._socket.recvmsg_into(
            [self._reader.wanted], _FD_SPACE, socket.MSG_CMSG_CLOEXEC)
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array('i')
                received.frombytes(data[:len(data) - len(data) % received.itemsize])
                self._fds.extend(received)
        if count == 0:
            raise EOFError('the other end of the wire is closed')
        if len(self._fds) > _MOST_WAITING:
            raise WireError(f'{len(self._fds)} descriptors came that no message announced')
        payloads = []
        payload = self._reader.advance(count)
        while payload is not None:
            payloads.append(payload)
            payload = self._reader.take()
        return payloads

    def take_fd(self) -> int:
        """The next descriptor; the caller's to close.

        Raises:
            WireError: none has come.
        """
        if not self._fds:
            raise WireError('a message announced a descriptor, and none came with it')
        return self._fds.popleft()

    def close(self) -> None:
        """Close descriptors that nobody took."""
        while self._fds:
            os.close(self._fds.popleft())
