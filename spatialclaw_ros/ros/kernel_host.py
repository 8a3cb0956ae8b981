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

import contextlib
import os
import signal
import threading
from collections.abc import Callable

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import KernelError
from spatialclaw_ros.kernel import Kernel

POLL_S = 0.1


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
        self._closed = False
        self._starter: threading.Thread | None = None
        self._begin()

    @property
    def state(self) -> str:
        """'ready', 'starting', or why it is not there."""
        with self._lock:
            if self._kernel is not None:
                return 'ready'
            return self._error or ('closed' if self._closed else 'starting')

    def get(self, deadline: Deadline) -> Kernel:
        """The started kernel, waited for.

        Raises:
            KernelError: it can't be started; the next call tries again.
            DeadlineExceededError: the time ran out before it was ready.
            CanceledError: the query was cancelled.
        """
        self._begin()
        while True:
            with self._lock:
                kernel, starter, error = self._kernel, self._starter, self._error
            if kernel is not None:
                return kernel
            if starter is None:
                raise KernelError(error or 'the kernel is closed: the node is shutting down')
            starter.join(min(POLL_S, deadline.remaining_s))
            deadline.check('starting the kernel')

    def close(self) -> None:
        """Close the kernel; one that is being started is not waited for."""
        with self._lock:
            self._closed = True
            starter = self._starter
        while starter is not None and starter.is_alive():
            self._end_start()
            starter.join(POLL_S)
        with self._lock:
            kernel, self._kernel = self._kernel, None
        if kernel is not None:
            kernel.close()

    def _end_start(self) -> None:
        with self._lock:
            starting = self._starting
        zygote = starting.stats().zygote_pid if starting is not None else None
        if zygote is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(zygote, signal.SIGKILL)

    def _begin(self) -> None:
        with self._lock:
            if self._kernel is not None or self._starter is not None or self._closed:
                return
            self._error = ''
            self._starter = threading.Thread(
                target=self._start, name='kernel-start', daemon=True)
            self._starter.start()

    def _start(self) -> None:
        kernel = self._make()
        with self._lock:
            self._starting = kernel
        error = ''
        try:
            kernel.start()
        except (KernelError, OSError) as problem:
            kernel.close()
            error = f'the kernel did not start: {problem}'
            if not self._closed:
                self._log_error(error)
        with self._lock:
            self._kernel = None if error else kernel
            self._error, self._starter, self._starting = error, None, None
