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


"""Owns the kernel: starts it in the background, hands it to queries, brings it back, closes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import KernelError, SandboxError
from spatialclaw_ros.kernel import Kernel, KernelStats
from spatialclaw_ros.kernel.report import sandbox_parts
from spatialclaw_ros.kernel.support import SandboxPart

POLL_S = 0.1


@dataclass(frozen=True)
class KernelStatus:
    """How the kernel is.

    Args:
        state: 'ready', 'starting', 'closed', or why it is not there.
        parts: of the sandbox, each with whether it is there.
        stats: of the kernel; None while there is none.
    """

    state: str
    parts: tuple[SandboxPart, ...] = ()
    stats: KernelStats | None = None


class KernelHost:
    """Starts a kernel on a thread of its own, so that the node is up while imports run.

    Args:
        make: makes a kernel that is not started yet.
        log_error: where it goes that a start failed.
    """

    def __init__(
        self, make: Callable[[], Kernel], log_error: Callable[[str], object],
    ) -> None:
        self._make = make
        self._log_error = log_error
        self._lock = threading.Lock()
        self._kernel: Kernel | None = None
        self._starting: Kernel | None = None
        self._error = ''
        self._lacks = False
        self._closed = False
        self._starter: threading.Thread | None = None
        self._begin()

    @property
    def state(self) -> str:
        """'ready', 'starting', or why it is not there."""
        with self._lock:
            if self._kernel is not None:
                return 'failed; the next query starts another' if self._kernel.closed else 'ready'
            return self._error or ('closed' if self._closed else 'starting')

    @property
    def status(self) -> KernelStatus:
        """How it is, for diagnostics."""
        with self._lock:
            kernel = self._kernel
        stats = kernel.stats() if kernel is not None else None
        return KernelStatus(self.state, tuple(sandbox_parts(stats)), stats)

    def get(self, deadline: Deadline) -> Kernel:
        """The started kernel, waited for.

        Raises:
            SandboxError: its workers lack a part of the sandbox that is required.
            KernelError: it can't be started; the next call tries again.
            DeadlineExceededError: the time ran out before it was ready.
            CanceledError: the query was cancelled.
        """
        self._begin()
        while True:
            with self._lock:
                kernel, starter, error = self._kernel, self._starter, self._error
                lacks = self._lacks
            if kernel is not None:
                return kernel
            if starter is None:
                raise (SandboxError if lacks else KernelError)(
                    error or 'the kernel is closed: the node is shutting down')
            starter.join(min(POLL_S, deadline.remaining_s))
            deadline.check('starting the kernel')

    def close(self) -> None:
        """Close the kernel, one that is being started too."""
        with self._lock:
            self._closed = True
            starter, kernel = self._starter, self._starting or self._kernel
        if kernel is not None:
            self._put_away(kernel)
        if starter is not None:
            starter.join()
        with self._lock:
            kernel, self._kernel = self._kernel, None
        if kernel is not None:
            self._put_away(kernel)

    def _begin(self) -> None:
        with self._lock:
            if self._starter is not None or self._closed:
                return
            failed = self._kernel
            if failed is not None and not failed.closed:
                return
            self._error = ''
            self._kernel, self._starting = None, self._make()
            self._starter = threading.Thread(
                target=self._start, args=(self._starting, failed), name='kernel-start',
                daemon=True)
            self._starter.start()

    def _start(self, kernel: Kernel, failed: Kernel | None) -> None:
        error, lacks = 'the kernel did not start', False
        try:
            if failed is not None:
                self._put_away(failed)
            kernel.start()
            error = ''
        # the thread's outermost edge: queries wait for it
        except Exception as problem:
            error += f': {problem}'
            lacks = isinstance(problem, SandboxError)
            if not isinstance(problem, (KernelError, OSError)):
                error += f' ({type(problem).__name__})'
            if not self._closed:
                self._log_error(error)
            self._put_away(kernel)
        finally:
            with self._lock:
                self._kernel = None if error else kernel
                self._error, self._lacks = error, lacks
                self._starter = self._starting = None

    def _put_away(self, kernel: Kernel) -> None:
        """Close a kernel of which nothing is wanted any more."""
        try:
            kernel.close()
        except KernelError as problem:
            self._log_error(f'the kernel was not closed wholly: {problem}')
