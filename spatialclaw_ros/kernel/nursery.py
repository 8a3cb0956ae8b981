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


"""Starts the zygote, asks it for workers, and starts it again when it dies."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import spatialclaw_ros
from spatialclaw_ros.errors import KernelError, WireError
from spatialclaw_ros.kernel import wire
from spatialclaw_ros.kernel.child import Child, Interrupt, readable
from spatialclaw_ros.kernel.messages import Fork, Forked, Reap, Reaped, ToZygote, ZygoteReady

# what libraries need to be found and Matplotlib to keep its font cache; wiped after the imports
_ENVIRONMENT = ('LD_LIBRARY_PATH', 'HOME', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'MPLCONFIGDIR')
# one thread for each library, or a fork is not safe; the same order of sets in every zygote
_ZYGOTE_ENVIRONMENT = {
    'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1',
    'MPLBACKEND': 'Agg', 'PYTHONHASHSEED': '0'}
_REPLY_S = 10.0
_LOG_TAIL_BYTES = 4000


class Nursery:
    """Owns the zygote process; safe from any thread.

    Args:
        start_timeout_s: how long its imports may take.
    """

    def __init__(self, start_timeout_s: float) -> None:
        self._start_timeout_s = start_timeout_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._closed = False
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The zygote's process number, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start the zygote and wait for its imports.

        Raises:
            KernelError: it does not come up; the message holds the end of what it printed.
        """
        with self._lock:
            self._ensure()

    def fork(self, interrupt: Interrupt) -> Child:
        """Get a new worker; a dead zygote is replaced first.

        Raises:
            KernelError: there is no worker to be had.
        """
        host_end, worker_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with self._lock:
                try:
                    self._ensure()
                    reply, fds = self._ask(Fork(), worker_end.fileno())
                except (OSError, EOFError, WireError):
                    self._stop()
                    self._ensure()
                    try:
                        reply, fds = self._ask(Fork(), worker_end.fileno())
                    except (OSError, EOFError, WireError) as error:
                        raise KernelError(f'the zygote gives no worker: {error}') from error
            if not isinstance(reply, Forked) or len(fds) != 1:
                raise KernelError(f'expected a worker from the zygote, got {reply}')
        except BaseException:
            host_end.close()
            raise
        finally:
            worker_end.close()
        return Child(reply.pid, fds[0], host_end, interrupt)

    def reap(self, child: Child) -> int | None:
        """Collect a worker that has ended, and close it.

        Returns:
            Its wait status; None when this call ended it, or when the zygote is another by now.
        """
        try:
            child.kill()
            with self._lock:
                try:
                    reply, _ = self._ask(Reap(child.pid))
                except (OSError, EOFError, WireError):
                    self._stop()
                    return None
            return reply.status if isinstance(reply, Reaped) and not child.killed else None
        finally:
            child.close()

    def close(self) -> None:
        """End the zygote, and with it every worker that is left."""
        with self._lock:
            self._closed = True
            self._stop()

    def _ensure(self) -> None:
        if self._closed:
            raise KernelError('the kernel is closed; make a new one')
        if self.pid is not None:
            return
        self._stop()
        control, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
        environment.update(_ZYGOTE_ENVIRONMENT)
        with far_end, tempfile.TemporaryFile() as log:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, '-s', '-S', str(Path(__file__).with_name('boot.py')),
                     str(far_end.fileno()), str(Path(spatialclaw_ros.__file__)), _import_path()],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd='/',
                    pass_fds=[far_end.fileno()], start_new_session=True)
            except OSError as error:
                control.close()
                raise KernelError(f'the zygote could not be started: {error}') from error
            far_end.close()
            self._control = control
            self.starts += 1
            try:
                reply, _ = self._receive(time.monotonic() + self._start_timeout_s)
                if not isinstance(reply, ZygoteReady):
                    raise WireError(f'expected a ready zygote, got {reply}')
            except (OSError, EOFError, WireError) as error:
                self._stop()
                log.seek(0)
                tail = log.read()[-_LOG_TAIL_BYTES:].decode(errors='replace').strip()
                raise KernelError(
                    f'the zygote did not come up within {self._start_timeout_s} s ({error}); '
                    f'it printed: {tail or "nothing"}') from error

    def _ask(self, request: ToZygote, *fds: int) -> tuple[Forked | Reaped | ZygoteReady, list[int]]:
        if self._control is None:
            raise EOFError('there is no zygote')
        self._control.settimeout(_REPLY_S)
        wire.BlockingWire(self._control).send(wire.encode(request), fds)
        return self._receive(time.monotonic() + _REPLY_S)

    def _receive(self, until_s: float) -> tuple[Forked | Reaped | ZygoteReady, list[int]]:
        if self._control is None:
            raise EOFError('there is no zygote')
        if not readable(self._control.fileno(), max(0.0, until_s - time.monotonic())):
            raise TimeoutError('no answer in time')
        self._control.settimeout(_REPLY_S)
        payload, fds = wire.BlockingWire(self._control).receive()
        return wire.decode_from_zygote(payload), fds

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(timeout=2.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def _import_path() -> str:
    """The host's import path for the zygote: folders and archives, never the current folder."""
    entries = [entry for entry in sys.path if entry and os.path.isabs(entry)
               and os.path.exists(entry) and '\n' not in entry]
    return '\n'.join(dict.fromkeys(entries))
