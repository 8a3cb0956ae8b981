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


"""The near ends of the wire's benchmark: one call in each way, from arrays to arrays."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
from bench_peer import let_end
from wire_forms import TYPES, pack_request, unpack_reply
from wire_scene import intrinsics

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.served.client import RemoteModels

_SERVER = Path(__file__).resolve().parent / 'wire_server.py'
_TIMEOUT_S = 60.0


class FarEnd:
    """Owns the server's process; see `wire_server`."""

    def __init__(self, request_bytes: int, reply_bytes: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(_SERVER), str(request_bytes), str(reply_bytes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.ports: dict[str, int] = json.loads(self._process.stdout.readline())

    def __enter__(self) -> FarEnd:
        return self

    def __exit__(self, *_: object) -> None:
        let_end(self._process)


class Ours:
    """The client of this package."""

    def __init__(self, port: int, compression: str) -> None:
        self._models = RemoteModels(
            f'http://127.0.0.1:{port}', compression=compression,
            depth=ModelConfig(model='ready'))

    def call(self, images: list[np.ndarray]) -> Prediction:
        """One call."""
        assert self._models.depth is not None
        return self._models.depth.predict(images, intrinsics(), None, Deadline(_TIMEOUT_S))

    def close(self) -> None:
        """Close the connections."""
        self._models.close()


class Plain:
    """JSON or msgpack over a kept-alive connection of Python's own client, which ours uses, too."""

    def __init__(self, port: int, form: str) -> None:
        self._form = form
        self._connection = http.client.HTTPConnection('127.0.0.1', port, timeout=_TIMEOUT_S)
        self.bytes = 0, 0

    def call(self, images: list[np.ndarray]) -> Prediction:
        """One call."""
        body = pack_request(self._form, images, intrinsics())
        self._connection.request(
            'POST', f'/{self._form}', body, {'Content-Type': TYPES[self._form]})
        reply = self._connection.getresponse().read()
        self.bytes = len(body), len(reply)
        return unpack_reply(self._form, reply)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Bare:
    """As many bytes over a bare socket, out of and into memory that is warm."""

    def __init__(self, port: int, request_bytes: int, reply_bytes: int) -> None:
        self._connection = socket.create_connection(('127.0.0.1', port), _TIMEOUT_S)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.settimeout(None)
        self._request = np.ones(request_bytes, np.uint8)
        self._reply = np.ones(reply_bytes, np.uint8)

    def call(self, images: list[np.ndarray]) -> None:
        """Bytes there, bytes back."""
        self._connection.sendall(self._request)
        filled = 0
        while filled < len(self._reply):
            count = self._connection.recv_into(self._reply[filled:])
            assert count, 'the far end has closed'
            filled += count

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
