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

"""A query that was started: its progress, its answer, and the way to cancel it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures

from spatialclaw_ros.client.answer import Answer
from spatialclaw_ros.client.progress import Progress
from spatialclaw_ros.errors import DeadlineExceededError

logger = logging.getLogger(__name__)

CHECK_S = 0.2
LINGER_S = 0.2


class Query:
    """What `SpatialClient.start` returns; any thread may use it.

    Args:
        question: as it was asked.
        check: raises where the query can't come to its end: nobody spins its node.
        cancel: asks for its end.
    """

    def __init__(
        self, question: str, check: Callable[[], object], cancel: Callable[[Query], object],
    ) -> None:
        self.question = question
        self.check = check
        self._cancel = cancel
        self._future: futures.Future[Answer] = futures.Future()
        self._news = threading.Condition()
        self._heard: list[Progress] = []
        self._listeners: list[_Listener] = []
        self._ended_s = 0.0

    def done(self) -> bool:
        """Whether it has ended."""
        return self._future.done()

    def cancel(self) -> None:
        """Ask the node to end it; `result` then raises QueryCanceledError. Returns at once."""
        if not self.done():
            self._cancel(self)

    def result(self, timeout_s: float | None = None) -> Answer:
        """Wait for the answer.

        Args:
            timeout_s: how long; None for as long as the query takes.

        Raises:
            DeadlineExceededError: no answer yet; the query goes on.
            QueryError: the query ended without an answer; the class says how.
            NodeNotFoundError: no such node.
            NodeGoneError: the node went away.
            NotSpunError: nobody spins the node that the client was given.
        """
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = CHECK_S if end_s is None else min(CHECK_S, end_s - time.monotonic())
            futures.wait((self._future,), max(left_s, 0.0))
            if self.done():
                return self._future.result()
            self.check()
            if end_s is not None and time.monotonic() >= end_s:
                raise DeadlineExceededError(
                    f'no answer after {timeout_s:g} s; the query goes on: wait longer, or '
                    'cancel() it')

    @property
    def progress(self) -> Iterator[Progress]:
        """What happens, from the query's start to its end, as it comes; a new iterator each time.

        It ends with the query and raises nothing of how that ended: `result` does.

        Raises:
            NotSpunError: nobody spins the node that the client was given.
        """
        at = 0
        while True:
            with self._news:
                if at == len(self._heard):
                    if self.all_heard:
                        return
                    self._news.wait(CHECK_S)
                fresh = self._heard[at:]
            if not fresh and not self.done():
                self.check()
            yield from fresh
            at += len(fresh)

    def add_done_callback(self, callback: Callable[[Query], object]) -> None:
        """Call this with the query once it has ended: on the thread that spins, or here and now."""
        self._future.add_done_callback(lambda _: callback(self))

    def add_progress_callback(self, callback: Callable[[Progress], object]) -> None:
        """Call this with all that happens, on the thread that spins; what was heard comes first.

        An exception of it is logged, as one of `add_done_callback`'s is.
        """
        listener = _Listener(callback, self._heard)
        with self._news:
            self._listeners.append(listener)
        listener.tell()

    @property
    def heard_some(self) -> bool:
        """Whether the node told anything of it."""
        return bool(self._heard)

    def hear(self, progress: Progress) -> None:
        """Take what the node tells; for the client."""
        with self._news:
            self._heard.append(progress)
            self._news.notify_all()
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener.tell()

    def end(self, outcome: Answer | Exception) -> None:
        """Take how it ended, the first time that this is told; for the client."""
        self._ended_s = time.monotonic()
        try:
            if isinstance(outcome, Exception):
                self._future.set_exception(outcome)
            else:
                self._future.set_result(outcome)
        except futures.InvalidStateError:
            return
        with self._news:
            self._news.notify_all()

    @property
    def all_heard(self) -> bool:
        """Whether nothing more comes; the last line may be a moment behind the answer."""
        if not self.done():
            return False
        if not self._heard or self._heard[-1].last:
            return True
        return time.monotonic() - self._ended_s > LINGER_S


class _Listener:
    """Tells one callback all that was heard, in order, while no lock is held that others want.

    Args:
        callback: takes each.
        heard: grows.
    """

    def __init__(self, callback: Callable[[Progress], object], heard: list[Progress]) -> None:
        self._callback = callback
        self._heard = heard
        self._told = 0
        self._busy = threading.Lock()

    def tell(self) -> None:
        """Tell what is new; another thread that tells now goes on with it."""
        while self._told < len(self._heard) and self._busy.acquire(blocking=False):
            try:
                if self._told < len(self._heard):
                    self._told += 1
                    self._callback(self._heard[self._told - 1])
            # the outermost edge of a callback: the thread that spins goes on
            except Exception:
                logger.exception('a progress callback failed')
            finally:
                self._busy.release()
