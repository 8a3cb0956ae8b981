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

"""The kernel's worker opens while something else is awaited: the planner's reply."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import KernelSession


class Opening:
    """Owns one kernel session, and the thread that opens it.

    Args:
        open_session: opens it, within the deadline that it is given.
        deadline: of the query.
        at_once: begin now, in another thread; else when the session is asked for.
    """

    def __init__(
        self, open_session: Callable[[Deadline], KernelSession], deadline: Deadline, *,
        at_once: bool,
    ) -> None:
        self._open = open_session
        self._deadline = deadline.branch()
        self._session: KernelSession | None = None
        self._pool = ThreadPoolExecutor(1, 'opening')  # a thread only for what is submitted
        self._opened: Future[KernelSession] | None = None
        if at_once:
            self._opened = self._pool.submit(self._open, self._deadline)

    def __enter__(self) -> Opening:
        return self

    def __exit__(self, *_: object) -> None:
        self._deadline.cancel()
        self._pool.shutdown()
        if self._opened is not None and self._opened.exception() is None:
            self._session = self._opened.result()
        if self._session is not None:
            self._session.close()

    def session(self) -> KernelSession:
        """The session, waited for; closed when this is.

        Raises:
            KernelError: there is no worker to be had.
            DeadlineExceededError: the deadline passed.
            CanceledError: the deadline was cancelled.
        """
        if self._opened is not None:
            return self._opened.result()
        if self._session is None:
            self._session = self._open(self._deadline)
        return self._session
