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

"""The perception process itself: takes calls from its wire and answers them in threads."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import logging
import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionUnavailableError,
    SpatialClawError,
    WeightsError,
)
from spatialclaw_ros.perception.process.messages import (
    INLINE_BYTES,
    MAX_REQUEST_BYTES,
    MAX_TEXT_CHARS,
    Call,
    Cancel,
    Configure,
    Failed,
    Forget,
    Forgotten,
    Heartbeat,
    Hello,
    Observe,
    Ping,
    Pong,
    Release,
    Result,
    StartFailed,
    ToProcess,
)
from spatialclaw_ros.perception.protocols import Perception
from spatialclaw_ros.sharing.duplex import Duplex
from spatialclaw_ros.sharing.memory import (
    MemoryFile,
    MemoryPool,
    layout,
    read_arrays,
    take_file,
    write_arrays,
)
from spatialclaw_ros.sharing.observations import unpack_observation
from spatialclaw_ros.sharing.stream import BlockingWire
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation

_PR_SET_PDEATHSIG = 1
_THREADS = 8
_POOL_BYTES = 768 * 1024 * 1024

_log = logging.getLogger(__name__)
_decoder = msgspec.msgpack.Decoder(ToProcess)
_encoder = msgspec.msgpack.Encoder()


def main(wire_fd: int, node_pid: int) -> None:
    """Serve the node until it closes the wire."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != node_pid:
        os._exit(1)
    # an interrupt from the terminal is the node's to handle
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format='%(levelname)s %(name)s: %(message)s')
    connection = socket.socket(fileno=wire_fd)
    server = Server(connection)
    with contextlib.suppress(EOFError):
        server.serve()
    # threads may sit in a model for long, and nobody waits for them
    os._exit(0)


class Server:
    """Answers one node.

    Args:
        connection: the wire.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._duplex = Duplex(connection, MAX_REQUEST_BYTES)
        self._wire = BlockingWire(connection)
        self._sending = threading.Lock()
        self._pool = MemoryPool(_POOL_BYTES)
        self._lock = threading.Lock()
        self._lent: dict[int, MemoryFile] = {}
        self._files = 0
        self._observations: dict[int, Observation] = {}
        self._deadlines: dict[int, Deadline] = {}
        self._perception: Perception | None = None
        self._threads = ThreadPoolExecutor(_THREADS, 'perception')
        self._stopped = threading.Event()

    def serve(self) -> None:
        """Read messages until the wire is closed.

        Raises:
            EOFError: it is.
        """
        while True:
            for payload in self._duplex.receive():
                self._take(_decoder.decode(payload))

    def _take(self, message: ToProcess) -> None:
        if isinstance(message, Call):
            deadline = Deadline(message.timeout_s)
            self._deadlines[message.id] = deadline
            self._threads.submit(self._answer, message, deadline)
        elif isinstance(message, Cancel):
            found = self._deadlines.get(message.id)
            if found is not None:
                found.cancel()
        elif isinstance(message, Observe):
            buffer = take_file(self._duplex.take_fd(), message.header.nbytes)
            self._observations[message.id] = unpack_observation(
                message.header, read_arrays(buffer, message.header.arrays))
        elif isinstance(message, Forget):
            self._observations.pop(message.id, None)
            self._send(Forgotten(message.id))
        elif isinstance(message, Release):
            with self._lock:
                file = self._lent.pop(message.file)
            if message.again:
                self._pool.give_back(file)
            else:
                file.close()
        elif isinstance(message, Ping):
            self._send(Pong(message.number))
        elif isinstance(message, Configure):
            self._open(message)

    def _open(self, message: Configure) -> None:
        from spatialclaw_ros.perception.factory import make_perception, open_models
        try:
            self._perception = make_perception(message.config, open_models(message.config))
        except SpatialClawError as error:
            self._send(StartFailed(_short(str(error))))
            os._exit(1)
        threading.Thread(target=self._beat, args=(message.heartbeat_s,), name='heartbeat',
                         daemon=True).start()
        self._send(Hello(''))

    def _beat(self, heartbeat_s: float) -> None:
        assert self._perception is not None
        while not self._stopped.wait(heartbeat_s):
            status = self._perception.status()
            self._send(Heartbeat(list(status.models), list(status.devices)))

    def _answer(self, message: Call, deadline: Deadline) -> None:
        assert self._perception is not None
        call = ToolCall(message.tool, message.args, read_arrays(message.data, message.arrays))
        try:
            result = self._perception.handle(
                self._observations[message.observation], call, deadline)
            self._reply(message.id, result)
        except DeadlineExceededError as error:
            self._fail(message.id, 'deadline', error)
        except CanceledError as error:
            self._fail(message.id, 'canceled', error)
        except WeightsError as error:
            self._fail(message.id, 'weights', error)
        except PerceptionUnavailableError as error:
            self._fail(message.id, 'unavailable', error)
        # the thread's outermost edge
        except Exception as error:
            _log.exception('a call of %s failed', message.tool)
            self._fail(message.id, 'bug', error)
        finally:
            self._deadlines.pop(message.id, None)

    def _fail(self, number: int, kind: str, error: Exception) -> None:
        self._send(Failed(number, kind, _short(str(error))))  # type: ignore[arg-type]

    def _reply(self, number: int, result: ToolResult) -> None:
        arrays = {name: np.asarray(array) for name, array in result.arrays.items()}
        specs, nbytes = layout(arrays)
        values = msgspec.Raw(_encoder.encode(dict(result.values)))
        if nbytes <= INLINE_BYTES:
            buffer = bytearray(nbytes)
            write_arrays(buffer, specs, arrays)
            self._send(Result(number, values, specs, nbytes, bytes(buffer), result.error))
            return
        file = self._pool.borrow(nbytes)
        write_arrays(file.buffer, specs, arrays)
        with self._lock:
            self._files += 1
            name = self._files
            self._lent[name] = file
        self._send(Result(number, values, specs, nbytes, None, result.error, name), file.fd)

    def _send(self, message: msgspec.Struct, *fds: int) -> None:
        payload = _encoder.encode(message)
        with self._sending:
            self._wire.send(payload, fds)


def _short(text: str) -> str:
    return text[:MAX_TEXT_CHARS]
