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


"""The host's end of the zygote: its process, its control socket, and the end of its output."""

from __future__ import annotations

import logging
import os
import pwd
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import spatialclaw_ros
from spatialclaw_ros.errors import KernelError, WireError
from spatialclaw_ros.kernel import wire
from spatialclaw_ros.kernel.child import Interrupt
from spatialclaw_ros.kernel.limits import SandboxPolicy
from spatialclaw_ros.kernel.messages import (
    Fork,
    Forked,
    ForkFailed,
    Reap,
    Reaped,
    ToZygote,
    ZygoteReady,
)

# what libraries need to be found; wiped after the imports, but some remember what they read
_ENVIRONMENT = ('LD_LIBRARY_PATH',)
# one thread for each library, or a fork is not safe; the same order of sets in every zygote
_ZYGOTE_ENVIRONMENT = {
    'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1',
    'MPLBACKEND': 'Agg', 'PYTHONHASHSEED': '0',
    # memory of arrays that a cell let go is kept for its next ones: first touch of fresh memory
    # costs more than most arithmetic. glibc does so by itself only up to the largest array yet
    'MALLOC_TRIM_THRESHOLD_': str(128 * 2**20), 'MALLOC_MMAP_THRESHOLD_': str(32 * 2**20)}
_REPLY_S = 10.0
_MAX_REPLY_BYTES = 4096
_END_S = 2.0
_LOG_TAIL_BYTES = 4000

_log = logging.getLogger(__name__)
_Reply = TypeVar('_Reply', ZygoteReady, Forked, Reaped)


class ZygoteGoneError(KernelError):
    """The zygote ended, or does not answer as it should."""


class ZygoteProcess:
    """One zygote; belongs to one thread.

    Args:
        sandbox: `OFF` keeps the host's environment in it.
        interrupt: ends every wait.

    Raises:
        KernelError: it could not be started.
    """

    def __init__(self, sandbox: SandboxPolicy, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._is_ready = False
        self._control, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        environment = dict(os.environ) if sandbox is SandboxPolicy.OFF else {
            key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
        environment.update(_ZYGOTE_ENVIRONMENT, MPLCONFIGDIR=_font_cache())
        try:
            self._log = tempfile.TemporaryFile()  # noqa: SIM115
        except OSError as error:
            self._control.close()
            far_end.close()
            raise KernelError(f'no file for what the zygote prints: {error}') from error
        try:
            self._process = subprocess.Popen(
                [sys.executable, '-s', '-S', str(Path(__file__).with_name('boot.py')),
                 str(far_end.fileno()), str(Path(spatialclaw_ros.__file__)), _import_path(),
                 sandbox.value],
                stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, env=environment,
                cwd='/', pass_fds=[far_end.fileno()], start_new_session=True)
        except OSError as error:
            self._control.close()
            self._log.close()
            raise KernelError(f'the zygote could not be started: {error}') from error
        finally:
            far_end.close()

    @property
    def pid(self) -> int | None:
        """Its process number, None when it has ended; from any thread."""
        return self._process.pid if self._process.poll() is None else None

    @property
    def control_fd(self) -> int:
        """Becomes readable, while nothing is asked, when the zygote has ended."""
        return self._control.fileno()

    @property
    def printed(self) -> str:
        """The end of what it, and workers before they had a sandbox, have printed."""
        size = os.fstat(self._log.fileno()).st_size
        tail = os.pread(
            self._log.fileno(), _LOG_TAIL_BYTES, max(0, size - _LOG_TAIL_BYTES))
        return tail.decode(errors='replace').strip()

    def wait_ready(self, timeout_s: float) -> None:
        """Wait for its imports.

        Raises:
            KernelError: it does not come up; the message holds the end of what it printed.
            CanceledError: the interrupt was set.
        """
        try:
            self._receive(ZygoteReady, timeout_s)
            self._is_ready = True
        except ZygoteGoneError as error:
            self._end()
            raise KernelError(
                f'the zygote did not come up within {timeout_s} s ({error}); '
                f'it printed: {self.printed or "nothing"}') from error

    def fork(self, request: Fork, worker_end: socket.socket) -> tuple[int, int]:
        """Make a worker.

        Returns:
            Its process number, and a descriptor of it.

        Raises:
            KernelError: Linux refused the process; the zygote lives on.
            ZygoteGoneError: the zygote has ended, or gave something else.
            CanceledError: the interrupt was set.
        """
        self._send(request, worker_end.fileno())
        reply, fds = self._receive(Forked, _REPLY_S, fd_count=1)
        return reply.pid, fds[0]

    def reap(self, pid: int) -> int | None:
        """Collect a worker that has ended.

        Returns:
            Its wait status; None for one that this zygote did not make.

        Raises:
            ZygoteGoneError: as `fork`.
            CanceledError: as `fork`.
        """
        self._send(Reap(pid))
        return self._receive(Reaped, _REPLY_S)[0].status

    def close(self) -> None:
        """End it, and with it every worker that is left."""
        self._end()
        self._log.close()

    def _end(self) -> None:
        self._control.close()
        if not self._is_ready:
            self._process.kill()  # amid its imports it does not see that the wire is closed
        try:
            self._process.wait(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            try:
                self._process.wait(timeout=_END_S)
            except subprocess.TimeoutExpired:
                _log.error('the zygote %d could not be killed', self._process.pid)

    def _send(self, request: ToZygote, *fds: int) -> None:
        self._control.settimeout(_REPLY_S)
        try:
            wire.BlockingWire(self._control).send(wire.encode(request), fds)
        except OSError as error:
            raise ZygoteGoneError(f'the zygote takes no requests: {error}') from error

    def _receive(
        self, kind: type[_Reply], timeout_s: float, fd_count: int = 0,
    ) -> tuple[_Reply, list[int]]:
        """Wait for one reply; descriptors that come with another are closed."""
        self._wait_readable(timeout_s)
        self._control.settimeout(_REPLY_S)
        fds: list[int] = []
        try:
            payload, fds = wire.BlockingWire(self._control, _MAX_REPLY_BYTES).receive()
            reply = wire.decode_from_zygote(payload)
            if kind is Forked and isinstance(reply, ForkFailed) and not fds:
                raise KernelError(f'no worker could be made: {reply.message}')
            if not isinstance(reply, kind) or len(fds) != fd_count:
                raise WireError(f'expected {kind.__name__} with {fd_count} descriptors, '
                                f'got {reply} with {len(fds)}')
        except (OSError, EOFError, WireError) as error:
            for fd in fds:
                os.close(fd)
            raise ZygoteGoneError(f'no answer from the zygote: {error}') from error
        return reply, fds

    def _wait_readable(self, timeout_s: float) -> None:
        until_s = time.monotonic() + timeout_s
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._interrupt.fd, select.POLLIN)
        while True:
            self._interrupt.check('a wait for the zygote')
            ready = {fd for fd, _ in poll.poll(max(0.0, 1000 * (until_s - time.monotonic())))}
            if self._control.fileno() in ready:
                return
            if time.monotonic() >= until_s:
                raise ZygoteGoneError('no answer in time')


def _font_cache() -> str:
    """Where Matplotlib keeps its font cache, the one folder of the user that a zygote is told.

    Matplotlib remembers it, and cells can ask: so no variable of the environment has a say.
    """
    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a number without a name, as in some containers
        home = '/'
    return os.path.join(home, '.cache', 'matplotlib')


def _import_path() -> str:
    """The host's import path for the zygote: folders and archives, never the current folder."""
    entries: Sequence[str] = [
        entry for entry in sys.path if entry and os.path.isabs(entry)
        and os.path.exists(entry) and '\n' not in entry]
    return '\n'.join(dict.fromkeys(entries))
