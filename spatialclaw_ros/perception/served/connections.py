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


"""Kept-alive connections to one server, and one request over one of them."""

from __future__ import annotations

import http.client
import os
import select
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionMessageError
from spatialclaw_ros.perception.served.buffers import Buffers
from spatialclaw_ros.perception.served.endpoints import Endpoint
from spatialclaw_ros.perception.served.framing import Message
from spatialclaw_ros.perception.served.watch import Watch

_CONNECT_S = 3.0
_SLICE_S = 0.04
_IDLE = 8
_CHUNK_BYTES = 1 << 20
_FAILURES = (OSError, http.client.HTTPException)


class LostError(Exception):
    """A server can't be reached, or went away in the middle; says why."""


@dataclass(frozen=True, eq=False)
class HttpReply:
    """What came back.

    Args:
        status: of HTTP.
        headers: with names in lower case.
        body: (size,) uint8.
    """

    status: int
    headers: Mapping[str, str]
    body: np.ndarray


class Connections:
    """Connections to one server; for all threads.

    Args:
        endpoint: the server.
        watch: ends what blocks when a deadline does.
        headers: of every request.
        most_bytes: of a reply.
        buffers: memory of earlier replies.
    """

    def __init__(
        self, endpoint: Endpoint, watch: Watch, headers: Mapping[str, str], most_bytes: int,
        buffers: Buffers,
    ) -> None:
        self._endpoint = endpoint
        self._watch = watch
        self._headers = dict(headers)
        self._most_bytes = most_bytes
        self._buffers = buffers
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._closed = False
        self._tls = ssl.create_default_context() if endpoint.scheme == 'https' else None

    def close(self) -> None:
        """Close those that are idle; one in use is closed by its call."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def request(
        self, method: str, path: str, message: Message | None, deadline: Deadline,
    ) -> HttpReply:
        """Send one request, read its reply.

        Raises:
            LostError: the server can't be reached, or the connection broke.
            PerceptionMessageError: the reply is too large.
            DeadlineExceededError: no time is left.
            CanceledError: the call was cancelled.
        """
        connection = self._take(deadline)
        good = False
        try:
            with self._watch.over(connection.sock, deadline):
                reply = self._exchange(connection, method, path, message)
            good = reply.headers.get('connection', '').lower() != 'close'
            return reply
        except _FAILURES as error:
            deadline.check(f'a call of the perception server {self._endpoint}')
            raise LostError(_why(error)) from error
        finally:
            if good:
                self._give(connection)
            else:
                connection.close()

    def _exchange(
        self, connection: http.client.HTTPConnection, method: str, path: str,
        message: Message | None,
    ) -> HttpReply:
        connection.putrequest(method, self._endpoint.path + path, skip_accept_encoding=True)
        for name, value in self._headers.items():
            connection.putheader(name, value)
        if message is not None:
            connection.putheader('Content-Length', str(message.size))
        connection.endheaders()
        try:
            for chunk in message.chunks(_CHUNK_BYTES) if message is not None else ():
                connection.sock.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            # a server that does not want the rest says so before it closes
            pass
        with connection.getresponse() as response:
            return self._read(response)

    def _read(self, response: http.client.HTTPResponse) -> HttpReply:
        headers = {name.lower(): value for name, value in response.getheaders()}
        if response.length is None:
            return HttpReply(response.status, headers, self._read_chunks(response))
        if response.length > self._most_bytes:
            raise self._too_large(f'{response.length} bytes')
        body = self._buffers.take(response.length)
        view, filled = memoryview(body), 0  # type: ignore[arg-type]
        while filled < len(body):
            count = response.readinto(view[filled:])
            if count == 0:
                raise http.client.IncompleteRead(b'', len(body) - filled)
            filled += count
        return HttpReply(response.status, headers, body)

    def _read_chunks(self, response: http.client.HTTPResponse) -> np.ndarray:
        """A body of unknown length, as proxies make them."""
        if not response.chunked:  # type: ignore[attr-defined]
            # it would be over when the connection is: nobody could tell a whole one from a part
            raise http.client.IncompleteRead(b'')
        body = bytearray()
        while chunk := response.read(_CHUNK_BYTES):
            body += chunk
            if len(body) > self._most_bytes:
                raise self._too_large('more')
        return np.frombuffer(body, np.uint8)

    def _too_large(self, size: str) -> PerceptionMessageError:
        return PerceptionMessageError(
            f'the perception server {self._endpoint} replies with {size}; {self._most_bytes} '
            'bytes are read at most')

    def _take(self, deadline: Deadline) -> http.client.HTTPConnection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect(deadline)
            # readable without a request: the server has closed it, or says what nobody asked for
            looking = select.poll()
            looking.register(connection.sock, select.POLLIN)
            if not looking.poll(0):
                return connection
            connection.close()

    def _give(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            keep = not self._closed and len(self._idle) < _IDLE and connection.sock is not None
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()

    def _connect(self, deadline: Deadline) -> http.client.HTTPConnection:
        limited = deadline.branch(_CONNECT_S)
        try:
            plain = _reach(self._endpoint, limited)
        except OSError as error:
            deadline.check(f'connecting to the perception server {self._endpoint}')
            raise LostError(_why(error)) from error
        connection = http.client.HTTPConnection(self._endpoint.host, self._endpoint.port)
        connection.sock = plain
        if self._tls is None:
            return connection
        try:
            with self._watch.over(plain, limited):
                connection.sock = self._tls.wrap_socket(
                    plain, server_hostname=self._endpoint.host)
        except OSError as error:
            plain.close()
            deadline.check(f'connecting to the perception server {self._endpoint}')
            raise LostError(_why(error)) from error
        return connection


def _reach(endpoint: Endpoint, deadline: Deadline) -> socket.socket:
    """A connected, blocking socket; the first address that answers."""
    last: OSError = OSError('its name has no address')
    addresses = _look_up(endpoint, deadline)
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        # one that swallows everything leaves time for the next
        share = deadline.branch(deadline.remaining_s / (len(addresses) - number))
        plain = socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)
        try:
            plain.connect_ex(address)
            waiting = select.poll()
            waiting.register(plain, select.POLLOUT)
            while not waiting.poll(1000 * _SLICE_S):
                if share.expired:
                    raise TimeoutError('it does not answer')
            failed = plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if failed:
                raise OSError(failed, os.strerror(failed))
            plain.setblocking(True)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return plain
        except OSError as error:
            plain.close()
            last = error
    raise last


def _look_up(endpoint: Endpoint, deadline: Deadline) -> list[Any]:
    """Addresses of a server; in a thread, as nothing ends a look-up before its own time."""
    found: list[Any] = []
    done = threading.Event()

    def look() -> None:
        try:
            found.append(socket.getaddrinfo(
                endpoint.host, endpoint.port, type=socket.SOCK_STREAM))
        except OSError as error:
            found.append(error)
        done.set()

    threading.Thread(target=look, name='perception_look_up', daemon=True).start()
    while not done.wait(_SLICE_S):
        if deadline.expired:
            raise TimeoutError('its name is not found')
    if isinstance(found[0], OSError):
        raise found[0]
    addresses: list[Any] = found[0]
    return addresses


def _why(error: BaseException) -> str:
    text = getattr(error, 'strerror', None) or str(error) or type(error).__name__
    return str(text)[:200]
