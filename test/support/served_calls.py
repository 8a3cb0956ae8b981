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


"""Calls of perception servers in tests, and what servers of the laboratory say to them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from served_lab import read_request, wait_until

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.served import codec
from spatialclaw_ros.perception.served.client import RemoteModels
from spatialclaw_ros.perception.served.messages import MEDIA_TYPE, ServedModel, ServerStatus

IMAGE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
MODEL = ModelConfig(model='plain')
STATUS = codec.encode_plain(ServerStatus(version='9.9.9', serves=(
    ServedModel(role='depth', name='plain', max_views=4),))).join()
GOOD = codec.encode_prediction(Prediction((np.ones((120, 160), np.float32),))).join()
Remote = Callable[..., RemoteModels]


@contextmanager
def remotes() -> Iterator[Remote]:
    """Give a function that makes clients; close them, and count threads and descriptors after."""
    threads, descriptors = set(threading.enumerate()), len(os.listdir('/proc/self/fd'))
    made: list[RemoteModels] = []

    def make(*ports: int, host: str = 'http://127.0.0.1', **options: Any) -> RemoteModels:
        """A client of the servers at these ports."""
        made.append(RemoteModels(','.join(f'{host}:{port}' for port in ports), **{
            'depth': MODEL, 'masks': MODEL, 'patience_s': 0.3, **options}))
        return made[-1]
    yield make
    for each in made:
        each.close()
        each.close()
    wait_until(lambda: set(threading.enumerate()) <= threads)
    wait_until(lambda: len(os.listdir('/proc/self/fd')) <= descriptors)


def predict(
    models: RemoteModels, deadline: Deadline | float = 10.0, count: int = 1,
) -> Prediction:
    """Ask for depth of one image, `count` times in one call."""
    assert models.depth is not None
    limit = deadline if isinstance(deadline, Deadline) else Deadline(deadline)
    return models.depth.predict([IMAGE] * count, None, None, limit)


def http(body: bytes, status: str = '200 OK', kind: str = MEDIA_TYPE, **headers: Any) -> bytes:
    """An answer as it goes over the wire."""
    lines = {'Content-Type': kind, 'Content-Length': len(body), **headers}
    text = ''.join(f'{name.replace("_", "-")}: {value}\r\n' for name, value in lines.items())
    return f'HTTP/1.1 {status}\r\n{text}\r\n'.encode('latin-1') + body


def after_status(*answers: bytes) -> Callable[[socket.socket], None]:
    """What tells its status, and to calls these bytes in turn, the last one ever again."""
    left = list(answers)

    def run(connection: socket.socket) -> None:
        while True:
            if read_request(connection).startswith(b'GET'):
                connection.sendall(http(STATUS))
            else:
                connection.sendall(left.pop(0) if len(left) > 1 else left[0])
                return
    return run
