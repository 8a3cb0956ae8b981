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


"""The kernel as its users see it: one zygote, and sessions that each have a worker of their own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import KernelError
from spatialclaw_ros.kernel.limits import KernelLimits, SandboxPolicy
from spatialclaw_ros.kernel.nursery import Nursery
from spatialclaw_ros.kernel.session import KernelSession
from spatialclaw_ros.sharing.memory import MemoryPool
from spatialclaw_ros.workspace.calls import ToolPort
from spatialclaw_ros.workspace.observation import Observation

ALL_CAPABILITIES = frozenset({'reconstruct', 'segment', 'ocr', 'vlm'})


@dataclass(frozen=True)
class KernelStats:
    """A look at a kernel, for diagnostics.

    Args:
        zygote_pid: its process number; None while it is down.
        zygote_starts: how often it was started.
        sessions: open ones.
        worker_pids: processes of the sessions' workers that live.
        restarts: workers replaced since the kernel was made.
        pool_bytes: shared memory kept for the next session.
        spare_workers: workers that wait for a session.
        sandbox: parts of the sandbox that are on, as the newest worker found; empty before one.
    """

    zygote_pid: int | None
    zygote_starts: int
    sessions: int
    worker_pids: tuple[int, ...]
    restarts: int
    pool_bytes: int
    spare_workers: int = 0
    sandbox: tuple[str, ...] = ()


class Kernel:
    """Opens sessions; safe from any thread.

    Args:
        limits: of every session.
        sandbox: what to do where this host lacks a part of the sandbox: 'required' (don't
            start), 'best_effort' (go without it, and say so in the log) or 'off'.
        without: parts to leave off, as on a host that lacks them; for tests.

    Raises:
        ValueError: there is no such policy.
    """

    def __init__(
        self, *, limits: KernelLimits | None = None,
        sandbox: SandboxPolicy | str = SandboxPolicy.REQUIRED, without: Iterable[str] = (),
    ) -> None:
        self.limits = limits if limits is not None else KernelLimits()
        self.sandbox = SandboxPolicy(sandbox)
        self.nursery = Nursery(self.limits, self.sandbox, frozenset(without))
        self.pool = MemoryPool(self.limits.pool_bytes)
        self._lock = threading.Lock()
        self._sessions: set[KernelSession] = set()
        self._restarts = 0
        self._closed = False

    def __enter__(self) -> Kernel:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the zygote and wait for a worker, some seconds; `open` would do so too.

        Raises:
            KernelError: none comes up, or a required part of the sandbox is missing.
        """
        self.nursery.start()

    def open(
        self, observation: Observation, tools: ToolPort,
        capabilities: Iterable[str] = ALL_CAPABILITIES, *, gated: bool = True,
        deadline: Deadline | None = None,
    ) -> KernelSession:
        """Open a session over an observation.

        Args:
            observation: what the cells see; copied once, into shared memory.
            tools: answers the cells' tool calls, in the thread that calls `run`.
            capabilities: which tools there are: 'reconstruct', 'segment', 'ocr', 'vlm'.
            gated: False only to test what holds without the gate.
            deadline: of the wait for a worker.

        Raises:
            KernelError: there is no worker to be had, or a required part of the sandbox is
                missing.
            DeadlineExceededError: the deadline passed.
            CanceledError: the deadline was cancelled.
        """
        with self._lock:
            if self._closed:
                raise KernelError('the kernel is closed; make a new one')
        session = KernelSession(
            self, observation, tools, capabilities, gated=gated, deadline=deadline)
        with self._lock:
            if not self._closed:
                self._sessions.add(session)
                return session
        session.close()
        raise KernelError('the kernel was closed while a session opened')

    def close(self) -> None:
        """Close all sessions, then the zygote.

        Raises:
            KernelError: a worker could not be ended; all else is closed.
        """
        with self._lock:
            self._closed = True
            sessions = list(self._sessions)
        # what one of them fails at keeps none of the others open
        with contextlib.ExitStack() as rest:
            rest.callback(self.pool.close)
            rest.callback(self.nursery.close)
            for session in sessions:
                rest.callback(session.close)

    @property
    def closed(self) -> bool:
        """Whether it opens no more sessions: it was closed, or has failed."""
        return self._closed or self.nursery.closed

    def stats(self) -> KernelStats:
        """How the kernel is."""
        with self._lock:
            sessions = list(self._sessions)
            restarts = self._restarts
        pids = tuple(pid for session in sessions if (pid := session.worker_pid) is not None)
        return KernelStats(
            zygote_pid=self.nursery.pid, zygote_starts=self.nursery.starts,
            sessions=len(sessions), worker_pids=pids, restarts=restarts,
            pool_bytes=self.pool.free_bytes,
            spare_workers=self.nursery.spares, sandbox=self.nursery.parts)

    def forget(self, session: KernelSession) -> None:
        """A session tells that it is closed."""
        with self._lock:
            self._sessions.discard(session)

    def count_restart(self) -> None:
        """A session tells that it replaced its worker."""
        with self._lock:
            self._restarts += 1
