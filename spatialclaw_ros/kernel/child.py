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


"""The host's end of one worker: its process, its wire, and the patience it is given."""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import resource
import select
import signal
import socket
import threading
import time
from collections.abc import Sequence

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, KernelError, WireError
from spatialclaw_ros.kernel import wire
from spatialclaw_ros.kernel.messages import LAST_WORDS_SIGNAL, FromWorker, Printed, ToWorker

# how soon a deadline that another thread cancels is noticed
_SLICE_S = 0.05
_DEATH_S = 10.0
# for libraries that are loaded late, and what the C library reserves for threads
_MARGIN_BYTES = 64 * 1024 * 1024
# a worker that hands out a large message byte by byte is read that often before each pause
_SIPS = 64
_SIP_BYTES = 4096
_PAUSE_S = 0.001


def readable(fd: int, timeout_s: float) -> bool:
    """Whether a descriptor gets readable in time; any number, unlike `select.select`."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(math.ceil(1000 * timeout_s)))


class WorkerGoneError(KernelError):
    """The worker's process ended, or its wire closed."""


class WorkerTimeoutError(KernelError):
    """The worker took longer than it is allowed."""


class Interrupt:
    """Cancels the session's waits from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.Lock()
        self._closed = False

    def set(self) -> None:
        """Wake the waiting thread; every later wait ends at once."""
        with self._lock:
            self._event.set()
            if not self._closed:
                os.eventfd_write(self.fd, 1)

    def check(self, doing: str) -> None:
        """Raise when set.

        Raises:
            CanceledError: `set` was called.
        """
        if self._event.is_set():
            raise CanceledError(f'the kernel session was cancelled during {doing}')

    def close(self) -> None:
        """Close the descriptor."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self.fd)


class Child:
    """One worker process, seen from the host; owns its wire and process descriptor.

    Args:
        pid: its number, for diagnostics.
        pidfd: its process descriptor.
        connection: the host's end of its wire.
        interrupt: what cancels waits.
        origin: number of the zygote that made it and may collect it.
    """

    def __init__(
        self, pid: int, pidfd: int, connection: socket.socket, interrupt: Interrupt,
        origin: int = 0,
    ) -> None:
        self.pid = pid
        self.origin = origin
        self._pidfd = pidfd
        self._socket = connection
        self._socket.setblocking(False)
        self.interrupt = interrupt
        self._reader = wire.FrameReader()
        self._room: tuple[int, int] | None = None  # of address space: now, and at most
        self.killed = False

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return not readable(self._pidfd, 0.0)

    @property
    def threads(self) -> int:
        """How many threads it runs; 1 where Linux doesn't tell."""
        try:
            with open(f'/proc/{self.pid}/stat', 'rb') as file:
                return int(file.read().rpartition(b')')[2].split()[17])
        except OSError:
            return 1  # ended, or a /proc of which each user sees his own part

    def limit_room(self, memory_bytes: int) -> bool:
        """Leave a ready worker address space for its own memory alone.

        `send` adds to that what it takes to map each file. What can't be written to is counted
        here and nowhere else.

        Args:
            memory_bytes: beyond what it takes up now.

        Returns:
            Whether Linux let this process set it: as root it needs CAP_SYS_RESOURCE. If not, the
            worker has had room for all files of a session since it was made.
        """
        try:
            with open(f'/proc/{self.pid}/statm', 'rb') as file:
                now_bytes = int(file.read().split()[0]) * mmap.PAGESIZE
            _, hard = resource.prlimit(self.pid, resource.RLIMIT_AS)
            wanted = now_bytes + memory_bytes + _MARGIN_BYTES
            if hard != resource.RLIM_INFINITY:
                wanted = min(wanted, hard)
            resource.prlimit(self.pid, resource.RLIMIT_AS, (wanted, hard))
        except OSError:
            return False
        self._room = wanted, hard
        return True

    def _make_room(self, fds: Sequence[int]) -> None:
        """Let the worker map these files."""
        if self._room is None or not self.alive:
            return
        soft, hard = self._room
        soft += sum(-(-os.fstat(fd).st_size // mmap.PAGESIZE) * mmap.PAGESIZE for fd in fds)
        if hard != resource.RLIM_INFINITY:
            soft = min(soft, hard)
        self._room = soft, hard
        with contextlib.suppress(ProcessLookupError):  # it has just died, as is seen next
            resource.prlimit(self.pid, resource.RLIMIT_AS, self._room)

    def send(
        self, payload: bytes | ToWorker, until_s: float, deadline: Deadline, doing: str,
        fds: Sequence[int] = (),
    ) -> None:
        """Send one message.

        Raises:
            as `receive`.
        """
        if not isinstance(payload, bytes):
            payload = wire.encode(payload)
        if fds:
            self._make_room(fds)
        parts = wire.parts_of(payload)
        for part in parts:
            while part:
                try:
                    if fds:
                        sent = socket.send_fds(self._socket, [part], list(fds))
                        fds = ()
                    else:
                        sent = self._socket.send(part)
                    part = part[sent:]
                except BlockingIOError:
                    self._wait(select.POLLOUT, until_s, deadline, doing)
                except OSError as error:
                    raise WorkerGoneError('the worker closed its wire') from error

    def receive(self, until_s: float, deadline: Deadline, doing: str) -> FromWorker:
        """Wait for the worker's next message.

        Args:
            until_s: when patience ends, on the monotonic clock.
            deadline: the query's.
            doing: what is under way, for messages.

        Raises:
            WorkerGoneError: the worker died.
            WorkerTimeoutError: `until_s` has passed.
            WireError: what came is malformed.
            DeadlineExceededError: the deadline has passed.
            CanceledError: the deadline or the session was cancelled.
        """
        self._check(until_s, deadline, doing)
        payload = self._reader.take()
        sips = 0
        while payload is None:
            try:
                count = self._socket.recv_into(self._reader.wanted)
            except BlockingIOError:
                self._wait(select.POLLIN, until_s, deadline, doing)
                continue
            except OSError as error:
                raise WorkerGoneError('the worker closed its wire') from error
            if count == 0:
                raise WorkerGoneError('the worker closed its wire')
            payload = self._reader.advance(count)
            sips += count < _SIP_BYTES
            if sips > _SIPS and payload is None:
                time.sleep(_PAUSE_S)
            # a worker that keeps sending must not outrun the clock
            self._check(until_s, deadline, doing)
        return wire.decode_from_worker(payload)

    def _check(self, until_s: float, deadline: Deadline, doing: str) -> None:
        self.interrupt.check(doing)
        deadline.check(doing)
        if time.monotonic() >= until_s:
            raise WorkerTimeoutError(f'{doing} took too long')

    def _wait(self, events: int, until_s: float, deadline: Deadline, doing: str) -> None:
        poll = select.poll()
        poll.register(self._socket, events)
        poll.register(self._pidfd, select.POLLIN)
        poll.register(self.interrupt.fd, select.POLLIN)
        while True:
            self._check(until_s, deadline, doing)
            wait_s = max(0.0, until_s - time.monotonic())
            ready = {fd for fd, _ in poll.poll(
                math.ceil(1000 * min(wait_s, deadline.remaining_s, _SLICE_S)))}
            if self._socket.fileno() in ready:
                return
            if self._pidfd in ready:
                raise WorkerGoneError('the worker ended')

    def last_words(self, timeout_s: float) -> str:
        """What the running cell has printed, if the worker can still tell; then it must go."""
        until_s = time.monotonic() + timeout_s
        try:
            signal.pidfd_send_signal(self._pidfd, LAST_WORDS_SIGNAL)
            while True:
                message = self.receive(until_s, Deadline(), 'the last words of a cell')
                if isinstance(message, Printed):
                    return message.stdout
        except (ProcessLookupError, KernelError, WireError, CanceledError):
            return ''

    def wait(self, timeout_s: float) -> bool:
        """Whether the process ends by itself in time."""
        return readable(self._pidfd, timeout_s)

    def kill(self) -> None:
        """End the process, and wait until it has ended.

        Raises:
            KernelError: it does not end.
        """
        if self.alive:
            self.killed = True
            try:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            except ProcessLookupError:
                return
        if not self.wait(_DEATH_S):
            raise KernelError(f'worker {self.pid} could not be killed within {_DEATH_S} s')

    def close(self) -> None:
        """Close the wire and the process descriptor; the process must have ended."""
        self._socket.close()
        os.close(self._pidfd)

