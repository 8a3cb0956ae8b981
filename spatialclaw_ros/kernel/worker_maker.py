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


"""Makes one ready worker after the other out of a zygote, which it starts when there is none."""

from __future__ import annotations

import contextlib
import logging
import socket
import time

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, KernelError, SandboxError, WireError
from spatialclaw_ros.kernel.child import Child, Interrupt, WorkerGoneError, WorkerTimeoutError
from spatialclaw_ros.kernel.limits import MIB, KernelLimits, SandboxPolicy
from spatialclaw_ros.kernel.messages import Fork, Ready, StartFailed
from spatialclaw_ros.kernel.parts import RESOURCE_LIMITS, WORKER_PARTS
from spatialclaw_ros.kernel.support import explain
from spatialclaw_ros.kernel.zygote_process import ZygoteGoneError, ZygoteProcess

_log = logging.getLogger(__name__)
# frames are mapped into a worker's address space too
_SCENE_BYTES = 2 * 1024**3


class WorkerMaker:
    """Owns the zygote; belongs to one thread, but its attributes may be read from any.

    Args:
        limits: of every worker.
        sandbox: what to do where a part of the sandbox is missing.
        without: parts to leave off.
        interrupt: ends every wait.

    Attributes:
        zygote: the running one.
        began_s: when it was ready, on the monotonic clock.
        starts: how many zygotes there were.
        parts: of the sandbox, as the newest worker found them on.
    """

    def __init__(
        self, limits: KernelLimits, sandbox: SandboxPolicy, without: frozenset[str],
        interrupt: Interrupt,
    ) -> None:
        self._limits = limits
        self._sandbox = sandbox
        self._request = Fork(
            sandbox.value, limits.memory_bytes, limits.tool_bytes + _SCENE_BYTES, limits.cpu_s,
            sorted(without))
        self._interrupt = interrupt
        self._warned = False
        self._told_of_room = False
        self.zygote: ZygoteProcess | None = None
        self.began_s = 0.0
        self.starts = 0
        self.parts: tuple[str, ...] = ()

    def make(self) -> Child:
        """Make a worker and wait until it is ready.

        Raises:
            ZygoteGoneError: the zygote ended; its workers end with it.
            WorkerGoneError: the worker ended; the message holds what it printed.
            SandboxError: it lacks a part of the sandbox that is required.
            KernelError: it was refused or did not get ready, or the zygote did not come up.
            CanceledError: the interrupt was set.
        """
        zygote = self._running_zygote()
        host_end, worker_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with worker_end:
                pid, pidfd = zygote.fork(self._request, worker_end)
        except BaseException:
            host_end.close()
            raise
        child = Child(pid, pidfd, host_end, self._interrupt, origin=self.starts)
        try:
            self._check_parts(self._parts_of(child))
            self._limit_room(child)
        except BaseException as error:
            self._put_away(child, zygote)
            if isinstance(error, (WorkerTimeoutError, WireError)):
                raise KernelError(f'a worker did not get ready: {error}') from error
            if isinstance(error, WorkerGoneError):
                raise WorkerGoneError(
                    f'{error}; its zygote printed: {zygote.printed or "nothing"}') from error
            raise
        return child

    def made(self, child: Child) -> bool:
        """Whether a worker is a child of the zygote that runs now."""
        return self.zygote is not None and child.origin == self.starts

    def drop(self) -> None:
        """End the zygote."""
        zygote, self.zygote = self.zygote, None
        if zygote is not None:
            zygote.close()

    def _running_zygote(self) -> ZygoteProcess:
        if self.zygote is None:
            zygote = ZygoteProcess(self._sandbox, self._interrupt)
            self.starts += 1
            try:
                zygote.wait_ready(self._limits.start_timeout_s)
            except BaseException:
                zygote.close()
                raise
            self.began_s = time.monotonic()
            self.zygote = zygote
        return self.zygote

    def _parts_of(self, child: Child) -> list[str]:
        """Wait until a worker reports what it has on."""
        until_s = time.monotonic() + self._limits.start_timeout_s
        ready = child.receive(until_s, Deadline(), 'the start of a worker')
        if not isinstance(ready, Ready):
            reason = ready.message if isinstance(ready, StartFailed) else type(ready).__name__
            raise KernelError(f'a worker did not get ready: {reason}')
        return ready.parts

    def _check_parts(self, parts: list[str]) -> None:
        self.parts = tuple(part for part in WORKER_PARTS if part in parts)
        missing = [part for part in WORKER_PARTS if part not in parts]
        if not missing or self._sandbox is SandboxPolicy.OFF:
            return
        if self._sandbox is SandboxPolicy.REQUIRED:
            raise SandboxError(explain(missing))
        if not self._warned:
            self._warned = True
            _log.warning('%s', explain(missing))

    def _limit_room(self, child: Child) -> None:
        if (RESOURCE_LIMITS not in self.parts or self._sandbox is SandboxPolicy.OFF
                or child.limit_room(self._limits.memory_bytes) or not child.alive
                or self._told_of_room):
            return
        self._told_of_room = True
        _log.info(
            'memory that cells make read-only is only bounded by %d MiB more than other memory: '
            'a node that runs as root needs CAP_SYS_RESOURCE to bound it closely',
            (self._limits.tool_bytes + _SCENE_BYTES) // MIB)

    @staticmethod
    def _put_away(child: Child, zygote: ZygoteProcess) -> None:
        """End and collect a worker that nobody has seen."""
        try:
            child.kill()
            # a zygote that has ended, or is about to, leaves nobody to collect
            with contextlib.suppress(ZygoteGoneError, CanceledError):
                zygote.reap(child.pid)
        finally:
            child.close()
