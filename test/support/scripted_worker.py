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



"""A worker that plays a script at the end of a real wire, and a nursery that hands out such ones.

Each has a process of its own that only sleeps, so that the host can watch and kill it; what it says
comes from a thread here. A script is a sequence of steps; when it has ended the worker goes on as
an honest one, or as its last step says.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import wire
from spatialclaw_ros.kernel.child import Child, Interrupt
from spatialclaw_ros.kernel.messages import Begin, Begun, CellDone, Execute, FromWorker, Variable
from spatialclaw_ros.kernel.parts import WORKER_PARTS

PATIENCE_S = 20.0
# the host asks a worker for its last words with this signal
_SLEEP = ['sh', '-c', 'trap "" USR1; exec sleep 600']


class Part:
    """One worker's life as its script sees it."""

    def __init__(self, connection: socket.socket, process: subprocess.Popen[bytes]) -> None:
        self.connection = connection
        self.process = process
        self.cell = 0
        self._wire = wire.BlockingWire(connection)

    def send(self, message: FromWorker) -> None:
        """Send a whole message."""
        self.raw(whole(message))

    def raw(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Send bytes as they are, with descriptors."""
        view = memoryview(data)
        while view:
            view = view[socket.send_fds(self.connection, [view], list(fds)):]
            fds = ()

    def hear(self) -> Begin | Execute | object:
        """Wait for the host's next message."""
        payload, fds = self._wire.receive()
        for fd in fds:
            os.close(fd)
        message = wire.decode_to_worker(payload)
        if isinstance(message, Execute):
            self.cell = message.cell
        return message

    def done(self, **changes: object) -> CellDone:
        """The end of the cell that runs."""
        plain = CellDone(self.cell, f'cell {self.cell}\n', None,
                         [Variable(f'v{self.cell}', 'int', '1', 28)], None)
        return msgspec.structs.replace(plain, **changes)

    def be_honest(self) -> None:
        """Answer everything as a worker does."""
        while True:
            message = self.hear()
            if isinstance(message, Begin):
                self.send(Begun())
            elif isinstance(message, Execute):
                self.send(self.done())

    def be_silent(self) -> None:
        """Take everything, say nothing."""
        while self.connection.recv(65_536):
            pass


Step = Callable[[Part], object]


def whole(message: FromWorker) -> bytes:
    """A message as it goes over the wire."""
    return b''.join(wire.parts_of(wire.encode(message)))


def say(message: FromWorker) -> Step:
    """Send a message."""
    return lambda part: part.send(message)


def raw(data: bytes, fds: Sequence[int] = ()) -> Step:
    """Send bytes as they are."""
    return lambda part: part.raw(data, fds)


def hear(part: Part) -> None:
    """Wait for a message."""
    part.hear()


def begin(part: Part) -> None:
    """Get ready as a worker does."""
    part.hear()
    part.send(Begun())


def end(**changes: object) -> Step:
    """Hear of a cell and end it."""
    def step(part: Part) -> None:
        while not isinstance(part.hear(), Execute):
            pass
        part.send(part.done(**changes))
    return step


def rest(seconds: float) -> Step:
    """Wait."""
    return lambda part: time.sleep(seconds)


def close(part: Part) -> None:
    """Close the wire, and live on."""
    part.connection.close()


def die(part: Part) -> None:
    """End the process."""
    part.process.kill()
    part.connection.close()


def crash(part: Part) -> None:
    """End the process with a segmentation fault."""
    part.process.send_signal(signal.SIGSEGV)
    part.connection.close()


def silence(part: Part) -> None:
    """Say nothing any more."""
    part.be_silent()


class ScriptedNursery:
    """Stands for `Nursery`: each worker plays the next script, and is honest without one."""

    def __init__(self) -> None:
        self.scripts: deque[tuple[Step, ...]] = deque()
        self.living = 0
        self.made = 0
        self.pid = None
        self.starts = 0
        self.spares = 0
        self.parts = WORKER_PARTS
        self._players: dict[int, tuple[subprocess.Popen[bytes], threading.Thread]] = {}

    def plan(self, *scripts: Iterable[Step]) -> None:
        """What the next workers do, in place of what was planned before."""
        self.scripts = deque(tuple(script) for script in scripts)

    def take(self, interrupt: Interrupt, deadline: Deadline) -> Child:
        """A worker with the next script."""
        interrupt.check('the start of a worker')
        deadline.check('the start of a worker')
        host_end, worker_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        worker_end.settimeout(PATIENCE_S)
        process = subprocess.Popen(_SLEEP, stdin=subprocess.DEVNULL)
        script = self.scripts.popleft() if self.scripts else ()
        thread = threading.Thread(
            target=_play, args=(Part(worker_end, process), script), name='scripted worker')
        thread.start()
        self._players[process.pid] = process, thread
        self.living += 1
        self.made += 1
        return Child(process.pid, os.pidfd_open(process.pid), host_end, interrupt)

    def reap(self, child: Child) -> int | None:
        """End a worker; as `Nursery.reap`."""
        try:
            child.kill()
        finally:
            child.close()
        process, thread = self._players.pop(child.pid)
        code = process.wait()
        thread.join()
        self.living -= 1
        return None if child.killed else (-code if code < 0 else code << 8)

    def close(self) -> None:
        """Nothing is left to end: sessions reap their workers."""


def _play(part: Part, script: Sequence[Step]) -> None:
    with part.connection, contextlib.suppress(OSError, EOFError):
        for step in script:
            step(part)
        part.be_honest()
