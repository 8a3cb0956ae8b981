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


"""The far end of the wire's benchmark, a process of its own: answers lie ready in all of it.

Three servers: ours; Starlette under uvicorn with JSON or msgpack bodies; and a bare socket.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from collections.abc import Sequence

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from wire_forms import TYPES, pack_reply, unpack_request
from wire_scene import pictures, prediction

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.served.serving import make_server
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus


class Ready:
    """A depth model whose answer lies ready; also the `Models` that have it alone."""

    name, max_views = 'ready', 64
    masks = None

    def __init__(self, found: Prediction) -> None:
        self._found = found
        self.depth = self

    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        """The answer, whatever comes."""
        return self._found

    def status(self) -> tuple[tuple[ModelStatus, ...], tuple[DeviceMemory, ...]]:
        """Ready."""
        return (ModelStatus(role='depth', name=self.name, state='ready'),), ()

    def close(self) -> None:
        """Nothing to unload."""


def plain_app(found: Prediction) -> Starlette:
    """The same call as people write it."""
    def answer(form: str, body: bytes) -> bytes:
        unpack_request(form, body)
        return pack_reply(form, found)

    async def call(request: Request) -> Response:
        form = request.path_params['form']
        body = await request.body()
        reply = await asyncio.get_running_loop().run_in_executor(None, answer, form, body)
        return Response(reply, media_type=TYPES[form])

    return Starlette(routes=[Route('/{form}', call, methods=['POST'])])


def bare(listener: socket.socket, request_bytes: int, reply_bytes: int) -> None:
    """Receives so many bytes, sends so many, from and into memory that is warm."""
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body, reply = np.ones(request_bytes, np.uint8), np.ones(reply_bytes, np.uint8)
    with connection:
        while True:
            filled = 0
            while filled < request_bytes:
                count = connection.recv_into(body[filled:])
                if count == 0:
                    return
                filled += count
            connection.sendall(reply)


def run_beside(server: uvicorn.Server) -> int:
    """Run a server in a thread; its port."""
    listener = socket.create_server(('127.0.0.1', 0))
    threading.Thread(target=server.run, args=([listener],), daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def main(request_bytes: int, reply_bytes: int) -> None:
    """Serve until the near end closes."""
    found = prediction(pictures())
    plain = uvicorn.Server(uvicorn.Config(
        plain_app(found), log_level='warning', access_log=False, timeout_keep_alive=75,
        http='httptools', loop='asyncio'))
    listener = socket.create_server(('127.0.0.1', 0))
    threading.Thread(
        target=bare, args=(listener, request_bytes, reply_bytes), daemon=True).start()
    print(json.dumps({
        'ours': run_beside(make_server(Ready(found))), 'plain': run_beside(plain),
        'bare': listener.getsockname()[1]}), flush=True)
    sys.stdin.read()


if __name__ == '__main__':
    main(*map(int, sys.argv[1:]))
