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

"""The node's end of one perception process: its life, its wire, and the end of what it printed."""

from __future__ import annotations

import collections
import contextlib
import logging
import math
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import spatialclaw_ros
from spatialclaw_ros.perception.process.messages import MAX_REPLY_BYTES, FromProcess
from spatialclaw_ros.perception.process.output import Output
from spatialclaw_ros.perception.process.untrusted import decode
from spatialclaw_ros.sharing.duplex import Duplex
from spatialclaw_ros.sharing.stream import parts_of

_DEATH_S = 10.0
_log = logging.getLogger(__name__)


class Child:
    """One process; belongs to one thread, but for `pid`.

    Args:
        python: interpreter; empty for the node's own.

    Raises:
        OSError: it can't be started.
    """

    def __init__(self, python: str = '') -> None:
        self._socket, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._duplex = Duplex(self._socket, MAX_REPLY_BYTES)
        self._outgoing: collections.deque[tuple[memoryview, list[int]]] = collections.deque()
        self.output, write_fd = Output.pipe()
        process: subprocess.Popen[bytes] | None = None
        try:
            self._process = process = subprocess.Popen(
                [python or sys.executable, '-u', str(Path(__file__).with_name('boot.py')),
                 str(far_end.fileno()), str(os.getpid()), str(Path(spatialclaw_ros.__file__)),
                 '' if python else _import_path()],
                stdin=subprocess.DEVNULL, stdout=write_fd, stderr=write_fd,
                pass_fds=[far_end.fileno()], start_new_session=True)
            self.pid = self._process.pid
            self.pidfd = os.pidfd_open(self.pid)
        except OSError:
            if process is not None:
                process.kill()
                process.wait()
            self._socket.close()
            self.output.close()
            raise
        finally:
            far_end.close()
            os.close(write_fd)
        self.began_s = time.monotonic()

    @property
    def wire_fd(self) -> int:
        """To be polled: readable when a message comes, writable when one can go."""
        return self._socket.fileno()

    @property
    def has_outgoing(self) -> bool:
        """Whether messages wait to be sent."""
        return bool(self._outgoing)

    def post(self, payload: bytes, fds: Sequence[int] = ()) -> None:
        """Queue a packed message; `fds` are closed after they were sent."""
        parts = parts_of(payload)
        self._outgoing.append((parts[0], list(fds)))
        self._outgoing.extend((part, []) for part in parts[1:])

    def flush(self) -> None:
        """Send what can be sent now.

        Raises:
            OSError: the wire is closed.
        """
        while self._outgoing:
            part, fds = self._outgoing[0]
            try:
                sent = (socket.send_fds(self._socket, [part], fds) if fds
                        else self._socket.send(part))
            except BlockingIOError:
                return
            for fd in fds:
                os.close(fd)
            if sent == len(part):
                self._outgoing.popleft()
            else:
                self._outgoing[0] = part[sent:], []

    def receive(self) -> list[FromProcess]:
        """The messages that have come.

        Raises:
            EOFError: the wire is closed.
            OSError: likewise.
            WireError: what came is malformed.
        """
        try:
            return [decode(payload) for payload in self._duplex.receive()]
        except BlockingIOError:
            return []

    def take_fd(self) -> int:
        """The descriptor that came with a message; see `Duplex.take_fd`."""
        return self._duplex.take_fd()

    def end(self, patience_s: float) -> int | None:
        """End it, whatever it does, with all that it started.

        Args:
            patience_s: how long it may take to end by itself.

        Returns:
            Its exit status as `subprocess` has it; None when it had to be killed.
        """
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        ended = self._ends(patience_s)
        # before it is collected: its number can't be another's yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if not self._ends(_DEATH_S):
            _log.error('the perception process %d could not be killed', self.pid)
            return None
        status = self._process.wait()
        self.output.drain()
        return status if ended else None

    def _ends(self, timeout_s: float) -> bool:
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(math.ceil(1000 * timeout_s)))

    def close(self) -> None:
        """Close all descriptors; it must have ended."""
        while self._outgoing:
            for fd in self._outgoing.popleft()[1]:
                os.close(fd)
        self._duplex.close()
        self._socket.close()
        self.output.close()
        os.close(self.pidfd)


def _import_path() -> str:
    """The node's import path: folders and archives, never the current folder."""
    return '\n'.join(dict.fromkeys(
        entry for entry in sys.path if os.path.isabs(entry) and os.path.exists(entry)
        and '\n' not in entry))
