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


"""Perception servers on loopback for tests: ours with models of a laboratory, and liars.

Run as a program it serves laboratory models in a process of its own: `served_lab.py PORT KNOBS`.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.prediction import DepthModel, Prediction
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob, SegmentModel
from spatialclaw_ros.perception.served.serving import make_server
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus

_START_S = 20.0


class PlainModels:
    """`Models` that answer by a function; what they saw is kept.

    Args:
        answer: of a depth call, given images and deadline; None is depth 1 everywhere.
    """

    def __init__(
        self, answer: Callable[[Sequence[np.ndarray], Deadline], Prediction] | None = None,
    ) -> None:
        self._answer = answer or (lambda images, _: Prediction(
            tuple(np.ones(image.shape[:2], np.float32) for image in images)))
        self.name, self.max_views = 'plain', 16
        self.calls = 0
        self.deadlines: list[Deadline] = []
        self.closed = 0
        self.depth: DepthModel | None = self
        self.masks: SegmentModel | None = self

    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        """What the function says."""
        self.calls += 1
        self.deadlines.append(deadline)
        return self._answer(images, deadline)

    def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        """One object, bright pixels."""
        self.calls += 1
        return ObjectMasks.pack(
            [image[None, :, :, 0] > 127 for image in job.images],
            np.ones((len(job.images), 1)), np.zeros(1))

    def status(self) -> tuple[tuple[ModelStatus, ...], tuple[DeviceMemory, ...]]:
        """Ready."""
        return (ModelStatus(role='depth', name='plain', state='ready', calls=self.calls),), (
            DeviceMemory(name='lab', total_bytes=8, free_bytes=4, ours_bytes=2),)

    def close(self) -> None:
        """Count it."""
        self.closed += 1


@contextlib.contextmanager
def serving(models: Any, *, port: int = 0, **options: Any) -> Iterator[int]:
    """Serve models by a thread of this process; the port."""
    server = make_server(models, **options)
    listener = socket.create_server(('127.0.0.1', port))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(15)
        listener.close()
        assert not thread.is_alive()


@contextlib.contextmanager
def lying(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept connections and let a function do what it likes with each; the port."""
    listener = socket.create_server(('127.0.0.1', 0))
    open_now: list[socket.socket] = []

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                open_now.append(connection)
                threading.Thread(target=one, args=(connection,)).start()

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            answer(connection)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for each in open_now:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def read_request(connection: socket.socket) -> bytes:
    """Headers of one request; its body is read and dropped."""
    data = b''
    while b'\r\n\r\n' not in data:
        chunk = connection.recv(65536)
        if not chunk:
            raise OSError('closed')
        data += chunk
    head, _, body = data.partition(b'\r\n\r\n')
    length = next((int(line.split(b':')[1]) for line in head.lower().split(b'\r\n')
                   if line.startswith(b'content-length:')), 0)
    left = length - len(body)
    while left > 0:
        left -= len(connection.recv(min(left, 1 << 20)) or b' ' * left)
    return head


class ServerProcess:
    """A server with laboratory models in a process of its own, that may be killed.

    Args:
        port: to listen at.
        knobs: of the depth model, see `lab_models.Knobs`.
    """

    def __init__(self, port: int, **knobs: Any) -> None:
        here = Path(__file__).resolve().parent
        path = os.pathsep.join([str(here), str(here.parent.parent)])
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(port), json.dumps(knobs)],
            env={**os.environ, 'PYTHONPATH': path}, stdin=subprocess.PIPE)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()
        self._process.communicate()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait_until(true: Callable[[], bool], timeout_s: float = _START_S) -> None:
    """Wait; fails when it takes too long."""
    end_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end_s, 'it did not come true'
        time.sleep(0.005)


def main(port: int, knobs: dict[str, Any]) -> None:
    """Serve laboratory models until killed."""
    from lab_models import lab_config

    from spatialclaw_ros.perception.hosting import HostedModels
    with contextlib.closing(HostedModels(lab_config(depth=knobs, segment='none'))) as models:
        make_server(models, port=port).run()


if __name__ == '__main__':
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
