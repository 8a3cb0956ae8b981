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
import faulthandler
import logging
import os
import queue
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
from msgspec.structs import replace

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionUnavailableError,
    SpatialClawError,
    WeightsError,
)
from spatialclaw_ros.perception.process.memory import LentFiles, ShownObservations
from spatialclaw_ros.perception.process.messages import (
    INLINE_BYTES,
    MAX_ARRAYS,
    MAX_REPLY_BYTES,
    MAX_REQUEST_BYTES,
    MAX_TEXT_CHARS,
    Call,
    Cancel,
    Configure,
    Failed,
    FailureKind,
    Fatal,
    Forget,
    Forgotten,
    FromProcess,
    Heartbeat,
    Hello,
    Observe,
    Ping,
    Pong,
    Release,
    StartFailed,
    ToProcess,
    pack,
)
from spatialclaw_ros.perception.protocols import Perception
from spatialclaw_ros.perception.status import PerceptionStatus
from spatialclaw_ros.sharing.duplex import Duplex
from spatialclaw_ros.sharing.memory import MemoryFile, read_arrays
from spatialclaw_ros.sharing.parents import die_with
from spatialclaw_ros.sharing.stream import BlockingWire
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation

_THREADS = 16
_KEEP_BYTES = 384 * 1024 * 1024
_SPEC_BYTES = 256
_FAILURES: tuple[tuple[type[SpatialClawError], FailureKind], ...] = (
    (DeadlineExceededError, 'deadline'), (CanceledError, 'canceled'), (WeightsError, 'weights'),
    (PerceptionUnavailableError, 'unavailable'))
_EXIT_FAILED = 1

_log = logging.getLogger(__name__)
_decoder = msgspec.msgpack.Decoder(ToProcess)


def main(wire_fd: int, node_pid: int) -> None:
    """Serve the node until it closes the wire; never returns."""
    die_with(node_pid)
    # an interrupt from the terminal is the node's to handle
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable(all_threads=False)
    logging.basicConfig(level=logging.INFO, format='%(levelname)s %(name)s: %(message)s')
    server = Server(socket.socket(fileno=wire_fd))
    with contextlib.suppress(EOFError, ConnectionError):
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
        # `put` may be called by finalizers, in whatever they interrupt
        self._outgoing: queue.SimpleQueue[
            tuple[FromProcess, bytes, MemoryFile | None]] = queue.SimpleQueue()
        self._lent = LentFiles(_KEEP_BYTES)
        self._shown = ShownObservations(lambda number: self._send(Forgotten(number)))
        self._deadlines: dict[int, Deadline] = {}
        self._perception: Perception | None = None
        self._threads = ThreadPoolExecutor(_THREADS, 'call')

    def serve(self) -> None:
        """Read messages until the wire is closed.

        Raises:
            EOFError: it is.
        """
        threading.Thread(target=self._send_all, name='sender', daemon=True).start()
        while True:
            for payload in self._duplex.receive():
                self._take(_decoder.decode(payload))

    def _take(self, message: ToProcess) -> None:
        if isinstance(message, Call):
            self._deadlines[message.id] = deadline = Deadline(message.timeout_s)
            self._threads.submit(
                self._answer, message, self._shown[message.observation], deadline)
        elif isinstance(message, Cancel):
            found = self._deadlines.get(message.id)
            if found is not None:
                found.cancel()
        elif isinstance(message, Observe):
            self._shown.show(message, self._duplex.take_fd())
        elif isinstance(message, Forget):
            self._shown.drop(message.id)
        elif isinstance(message, Release):
            self._lent.take_back(message)
        elif isinstance(message, Ping):
            self._send(Pong(message.number))
        else:
            self._open(message)

    def _open(self, message: Configure) -> None:
        threading.Thread(target=self._beat, args=(message.heartbeat_s,), name='heartbeat',
                         daemon=True).start()
        # with a heart that beats: packages are imported here
        from spatialclaw_ros.perception.factory import make_perception, open_models
        try:
            models = open_models(message.config, on_fatal=self._die)
            self._perception = make_perception(message.config, models)
        except SpatialClawError as error:
            self._send(StartFailed(_short(str(error))))
            return
        self._send(Hello(self._perception.names))  # type: ignore[arg-type]

    def _beat(self, heartbeat_s: float) -> None:
        pause = threading.Event()
        while True:
            perception = self._perception
            self._send(Heartbeat(None if perception is None else _bounded(perception.status())))
            pause.wait(heartbeat_s)

    # ---- a call, in a thread of its own

    def _answer(self, message: Call, observation: Observation, deadline: Deadline) -> None:
        assert self._perception is not None
        try:
            call = ToolCall(message.tool, message.args, read_arrays(message.data, message.arrays))
            self._reply(message.id, self._perception.handle(observation, call, deadline))
        except SpatialClawError as error:
            self._fail(message, error)
        # the thread's outermost edge
        except Exception as error:
            _log.exception('a call of %s failed', message.tool)
            self._fail(message, error)
        finally:
            del self._deadlines[message.id]

    def _reply(self, call: int, result: ToolResult) -> None:
        reply, file = self._lent.lend(call, result)
        room = MAX_REPLY_BYTES - INLINE_BYTES - len(reply.arrays) * _SPEC_BYTES
        if len(reply.arrays) > MAX_ARRAYS or len(reply.values) > room:
            if file is not None:
                self._lent.take_back(Release(reply.file, again=True))
            reply, file = self._lent.lend(call, ToolResult(error=(
                f'the result has {len(reply.arrays)} arrays and {len(reply.values)} bytes of '
                'values, too many to be handed on; ask for fewer frames at once')))
        self._send(reply, file)

    def _fail(self, message: Call, error: Exception) -> None:
        kind: FailureKind = next(
            (kind for family, kind in _FAILURES if isinstance(error, family)), 'bug')
        text = str(error) if isinstance(error, SpatialClawError) else (
            f'{type(error).__name__}: {error}')
        self._send(Failed(message.id, kind, _short(text)))

    # ---- the wire

    def _send(self, message: FromProcess, file: MemoryFile | None = None) -> None:
        """Queue a message; from anywhere."""
        self._outgoing.put((message, pack(message), file))

    def _send_all(self) -> None:
        """The sender's thread."""
        with contextlib.suppress(OSError):  # the node is gone, as the reader notices too
            while True:
                message, payload, file = self._outgoing.get()
                if file is None:
                    self._wire.send(payload)
                else:
                    with self._lent.pool.sending(file) as fd:
                        self._wire.send(payload, (fd,))
                if isinstance(message, (Fatal, StartFailed)):
                    os._exit(_EXIT_FAILED)

    def _die(self, reason: str) -> None:
        """Only a new process helps."""
        self._send(Fatal(_short(reason)))


def _bounded(status: PerceptionStatus) -> PerceptionStatus:
    """A status whose texts are short enough to be sent every second."""
    return replace(
        status, message=_short(status.message),
        models=tuple(replace(model, message=_short(model.message)) for model in status.models))


def _short(text: str) -> str:
    return text[:MAX_TEXT_CHARS]
