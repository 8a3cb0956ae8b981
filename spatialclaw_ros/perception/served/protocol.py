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


"""uvicorn's HTTP connection, with bodies received and sent in place, and a limit for headers.

asyncio's transports and uvicorn copy each byte of a body two or three times on its way. A body of
a known length is received by the operating system right where it stays, and sent from where it
lies. Anything small, and everything over TLS, goes uvicorn's way.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import numpy as np
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from spatialclaw_ros.perception.served.direct import EXTENSION
from spatialclaw_ros.perception.served.framing import Message

HEADERS_S = 10.0
HEADER_BYTES = 64 * 1024
CONNECTIONS_OF_ONE = 128
"""Open at a time from one address: nobody without a token takes the places of all others."""

_LARGE_BYTES = 256 * 1024


class PerceptionProtocol(HttpToolsProtocol):
    """One connection; see uvicorn's class."""

    _headers_due: asyncio.TimerHandle | None = None
    _header_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Wait for headers, but not for ever."""
        super().connection_made(transport)
        host = _host(self)
        if sum(_host(each) == host for each in self.connections) > CONNECTIONS_OF_ONE:
            transport.abort()
            return
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._forget_headers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Headers of the next request have as much time as those of the first."""
        between = (
            self.cycle is None or self.cycle.response_complete or not self.cycle.more_body)
        if between and self._headers_due is None:
            self._await_headers()
        super().data_received(data)
        if self._headers_due is not None:
            # the parser has no bound of its own, and nobody has shown a token yet
            self._header_bytes += len(data)
            if self._header_bytes > HEADER_BYTES:
                self._forget_headers()
                self._give_up()

    def on_headers_complete(self) -> None:
        """Offer the connection's bytes to the app."""
        self._forget_headers()
        if self.scheme == 'http':
            direct = _DirectBytes(self)
            extensions: Any = {EXTENSION: direct}
            self.scope['extensions'] = extensions
            super().on_headers_complete()
            # a request that comes early has another one
            direct.cycle = self.cycle
        else:
            super().on_headers_complete()

    def body_was_read(self) -> None:
        """Go on after a body that the parser has not seen, before anything of the next request."""
        self.cycle.more_body = False
        self.parser = type(self.parser)(self)
        self.transport.set_protocol(self)

    def _await_headers(self) -> None:
        self._header_bytes = 0
        self._headers_due = self.loop.call_later(HEADERS_S, self._give_up)

    def _forget_headers(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None

    def _give_up(self) -> None:
        self._headers_due = None
        self.transport.close()


class _DirectBytes:
    """See `direct.Direct`."""

    cycle: RequestResponseCycle

    def __init__(self, protocol: PerceptionProtocol) -> None:
        self._protocol = protocol

    async def read_into(self, body: np.ndarray, progress: list[int]) -> bool:
        """Receive all of a body."""
        protocol = self._protocol
        cycle = self.cycle
        if cycle.waiting_for_100_continue:
            protocol.transport.write(b'HTTP/1.1 100 Continue\r\n\r\n')
            cycle.waiting_for_100_continue = False
        view, have = body.data, len(cycle.body)
        view[:have] = cycle.body
        cycle.body = bytearray()
        progress[0] = have
        if have < len(body) and not cycle.disconnected:
            filling = _Filling(protocol, view, progress)
            protocol.transport.set_protocol(filling)
            protocol.flow.resume_reading()
            try:
                await filling.done
            finally:
                protocol.transport.set_protocol(protocol)
        return progress[0] == len(body)

    async def write(self, message: Message) -> None:
        """Send a body."""
        protocol = self._protocol
        cycle, transport = self.cycle, protocol.transport
        if cycle.disconnected or transport.is_closing():
            return
        while protocol.flow.write_paused:
            await protocol.flow.drain()
        if message.size < _LARGE_BYTES or transport.get_write_buffer_size():
            for chunk in message.chunks(_LARGE_BYTES):
                await cycle.send({
                    'type': 'http.response.body', 'body': bytes(chunk), 'more_body': True})
            return
        # asyncio lets nobody send on a transport's own descriptor
        with socket.socket(fileno=_duplicate(transport)) as connection:
            connection.setblocking(False)
            try:
                for chunk in message.chunks(message.size):
                    await protocol.loop.sock_sendall(connection, chunk)
            except OSError:
                transport.abort()
                return
            except asyncio.CancelledError:
                transport.abort()
                raise
        cycle.expected_content_length -= message.size


class _Filling(asyncio.BufferedProtocol):
    """Receives the rest of a body where it stays."""

    def __init__(
        self, protocol: PerceptionProtocol, view: memoryview, progress: list[int],
    ) -> None:
        self._protocol = protocol
        self._view = view
        self._progress = progress
        self.done: asyncio.Future[None] = protocol.loop.create_future()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._view[self._progress[0]:]

    def buffer_updated(self, nbytes: int) -> None:
        """So many came."""
        self._progress[0] += nbytes
        if self._progress[0] == len(self._view) and not self.done.done():
            self._protocol.body_was_read()
            self.done.set_result(None)

    def pause_writing(self) -> None:
        """As the connection's own."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """As the connection's own."""
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side went away."""
        self._protocol.connection_lost(exc)
        if not self.done.done():
            self.done.set_result(None)


def _host(protocol: Any) -> str:
    return protocol.client[0] if protocol.client else ''


def _duplicate(transport: Any) -> int:
    connection: socket.socket = transport.get_extra_info('socket')
    return socket.dup(connection.fileno())
