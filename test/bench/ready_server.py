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


"""A model of zero latency, over real HTTP: replies that lie ready, and a log of what came when.

A process of its own, so that its work counts for nobody. Commands come line by line as JSON on
standard input: `{"replies": [...], "pause_s": 0.0}` says what the next requests are answered and
how long that takes, `{"log": true}` asks for what came since: for each request its bytes, when its
last byte was there and when the reply went out (both on the machine's monotonic clock, which all
processes share), and the file that holds its body, where a folder was given.
"""

from __future__ import annotations

import json
import socket
import socketserver
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

_BUFFER = 1 << 20


class Ready:
    """What is to be said, and what came."""

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.Lock()
        self._folder = folder
        self._replies: deque[str] = deque()
        self._log: list[dict[str, Any]] = []
        self._count = 0
        self._pause_s = 0.0

    def load(self, replies: list[str], pause_s: float) -> None:
        """Replies of the next requests, in order, and how long each takes."""
        with self._lock:
            self._replies, self._pause_s = deque(replies), pause_s

    def take(self, body: memoryview, received_s: float) -> str:
        """The next reply, and a line in the log."""
        time.sleep(self._pause_s)
        with self._lock:
            self._count += 1
            entry: dict[str, Any] = {'bytes': len(body), 'received_s': received_s}
            if self._folder is not None:
                path = self._folder / f'{self._count}.json'
                path.write_bytes(body)
                entry['body'] = str(path)
            self._log.append(entry)
            reply = self._replies.popleft() if self._replies else ''
            entry['replied_s'] = time.monotonic()
            return reply

    def log(self) -> list[dict[str, Any]]:
        """What came since the last look."""
        with self._lock:
            log, self._log = self._log, []
            return log


class Handler(socketserver.BaseRequestHandler):
    """One connection, kept open."""

    def handle(self) -> None:
        """Answer request after request until the client hangs up."""
        connection: socket.socket = self.request
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        rest = b''
        while True:
            while b'\r\n\r\n' not in rest:
                more = connection.recv(_BUFFER)
                if not more:
                    return
                rest += more
            head, _, rest = rest.partition(b'\r\n\r\n')
            body = bytearray(_length(head))
            at = min(len(rest), len(body))
            body[:at], rest = rest[:at], rest[at:]
            view = memoryview(body)
            while at < len(body):
                got = connection.recv_into(view[at:])
                if not got:
                    return
                at += got
            received_s = time.monotonic()
            if head.startswith(b'POST'):
                reply = self.server.ready.take(view, received_s)  # type: ignore[attr-defined]
                streamed = _streamed(body)
            else:
                reply, streamed = '', False
            try:
                connection.sendall(_stream(reply) if streamed else _whole(reply))
            except OSError:
                return


def _length(head: bytes) -> int:
    for line in head.split(b'\r\n')[1:]:
        name, _, value = line.partition(b':')
        if name.strip().lower() == b'content-length':
            return int(value)
    return 0


def _streamed(body: bytearray) -> bool:
    return any(word in body for word in (b'"stream":true', b'"stream": true'))


def _whole(reply: str) -> bytes:
    body = json.dumps({
        'id': 'c', 'object': 'chat.completion', 'created': 0, 'model': 'ready', 'data': [],
        'choices': [{'index': 0, 'finish_reason': 'stop',
                     'message': {'role': 'assistant', 'content': reply}}]}).encode()
    return (b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: '
            + str(len(body)).encode() + b'\r\n\r\n' + body)


def _stream(reply: str) -> bytes:
    """One piece: what a client does with a real model's pieces, it does while the model writes."""
    pieces = [
        {'index': 0, 'delta': {'role': 'assistant', 'content': reply}, 'finish_reason': None},
        {'index': 0, 'delta': {}, 'finish_reason': 'stop'}]
    lines = b''.join(b'data: ' + json.dumps({
        'id': 'c', 'object': 'chat.completion.chunk', 'created': 0, 'model': 'ready',
        'choices': [piece]}).encode() + b'\n\n' for piece in pieces) + b'data: [DONE]\n\n'
    return (b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
            b'Transfer-Encoding: chunked\r\n\r\n'
            + f'{len(lines):x}'.encode() + b'\r\n' + lines + b'\r\n0\r\n\r\n')


class Server(socketserver.ThreadingTCPServer):
    """Listens on loopback."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, folder: Path | None) -> None:
        super().__init__(('127.0.0.1', 0), Handler)
        self.ready = Ready(folder)


def main() -> None:
    """Serve until standard input ends; the first line printed is the port."""
    server = Server(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if 'replies' in command:
            server.ready.load(command['replies'], command['pause_s'])
        print(json.dumps(server.ready.log()), flush=True)
    server.shutdown()


if __name__ == '__main__':
    main()
