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


"""Runs queries, a few at once; the others wait their turn, and what is too much is told at once.

`QueryRunner.run` is called on any thread and always comes back with an `Outcome`, at the latest
`GRACE_S` after the query's own time is up and `CANCEL_GRACE_S` after it was cancelled. The query
itself runs on a thread of its own, so a step that doesn't look at the clock can't hold an answer
back; its place stays taken until it has ended. Ended, it is tidied up behind its answer, while the
next one runs. As many as may run at once may be tidied up beside those, so that none pile up; what
takes long with that is told.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from spatialclaw_ros.agent.events import Failed
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.ros.job import Job, MakeSession, Observe, fault_of
from spatialclaw_ros.ros.memory import give_memory_back_at_times
from spatialclaw_ros.ros.outcome import Caller, End, Outcome, QueryRequest
from spatialclaw_ros.ros.queue import FairLine
from spatialclaw_ros.ros.ready_threads import ReadyThreads
from spatialclaw_ros.workspace.question import Status

log = logging.getLogger(__name__)

GRACE_S = 0.5
CANCEL_GRACE_S = 0.25
CLOSE_WAIT_S = 3.0
POLL_S = 0.1
LOOK_S = 0.5
"""How often it is looked what a query is busy with."""
SLOW_CLOSE_S = 5.0
"""A query that is tidied up for longer is told of: later ones may have to wait for it."""
SHOWN_JOBS = 4


def nobody_waits() -> int:
    """No place in the line."""
    return 0


def _nothing() -> None:
    """Nothing is to be settled."""


class QueryRunner:
    """Runs at most `max_concurrent` queries at once, lets others wait; thread-safe.

    Args:
        observe: makes the observation; raises NoFramesError, InvalidRequestError.
        make_session: makes the agent for one query, waiting for the kernel if need be.
        log_error: where a fault's traceback goes.
        max_concurrent: how many run at once.
        max_queued: how many may wait at this moment; a further one ends BUSY at once, or in its
            stead the newest of a client that holds more.
        settle: called when a query has been carried through, behind its answer.

    Raises:
        RuntimeError: the system has no thread to give.
    """

    def __init__(
        self,
        *,
        observe: Observe,
        make_session: MakeSession,
        log_error: Callable[[str], object] = log.error,
        max_concurrent: int = 1,
        max_queued: Callable[[], int] = nobody_waits,
        settle: Callable[[], object] = _nothing,
    ) -> None:
        self._observe = observe
        self._make_session = make_session
        self._log_error = log_error
        self._max_concurrent = max_concurrent
        self._max_queued = max_queued
        self._settle = settle
        self._lock = threading.Lock()
        self._line: FairLine[Job] = FairLine()
        self._threads = ReadyThreads('query')
        self._running: list[Job] = []
        self._tidying: dict[Job, Deadline] = {}  # and since when
        self._tidied = threading.Condition(self._lock)
        self._closed = False

    @property
    def running(self) -> tuple[str, ...]:
        """Ids of the queries that are under way."""
        with self._lock:
            return tuple(job.caller.query_id for job in self._running)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Ids of the queries that wait, whose turn is next first."""
        with self._lock:
            return tuple(job.caller.query_id for job in self._line)

    @property
    def clients(self) -> dict[str, str]:
        """Who asked, by id of each query that runs or waits."""
        with self._lock:
            return {job.caller.query_id: job.caller.client
                    for job in (*self._running, *self._line)}

    def under_way(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """A line for each query that runs, waits (whose turn is next first), or closes slowly."""
        with self._lock:
            return (tuple(map(str, self._running)), tuple(map(str, self._line)),
                    self._closing(SLOW_CLOSE_S))

    def cancel(self, query_id: str) -> bool:
        """Cancel one query; False when it neither runs nor waits."""
        with self._lock:
            jobs = [job for job in (*self._running, *self._line)
                    if job.caller.query_id == query_id]
        for job in jobs:
            job.cancel()
        return bool(jobs)

    def close(self, patience: Deadline | None = None) -> bool:
        """Cancel everything and wait a few seconds for it; later queries end CANCELED.

        Args:
            patience: what runs has this time to come to its answer by itself; what waits is
                cancelled at once.

        Returns:
            Whether all of it has ended, and is tidied up.
        """
        patience = patience or Deadline(0.0)
        with self._lock:
            self._closed = True
            waiting, running = list(self._line), list(self._running)
        for job in waiting:
            job.cancel()
        for job in running:
            while not job.done.is_set() and not patience.expired:
                job.done.wait(min(POLL_S, patience.remaining_s))
        for job in running:
            if not job.done.is_set():
                job.cancel()
        return self._threads.close(Deadline(CLOSE_WAIT_S))

    def run(
        self, text: str, check: Callable[[], QueryRequest], caller: Caller | None = None,
    ) -> Outcome:
        """Carry one query through.

        Args:
            text: the question as it was asked.
            check: makes the checked request; raises InvalidRequestError.
            caller: who asks; None for nobody in particular.

        Returns:
            The outcome, whatever happens.
        """
        caller = caller or Caller()
        clock = Deadline(elapsed_s=caller.held_s)
        job = None
        try:
            job = Job(caller, text, check(), self._log_error)
            turned_away = self._admitted(job)
            caller.placed()
            end = turned_away or self._turn(job) or self._end(job)
        except InvalidRequestError as error:
            end = Failed(Status.INVALID_REQUEST, str(error), 'request')
        except Exception:
            end = fault_of(caller.query_id, 'request', self._log_error)
        if job is None:
            return Outcome(caller.query_id, text, end, timings={'total': clock.elapsed_s})
        self._leave(job)
        return job.outcome(end, clock.elapsed_s)

    def _admitted(self, job: Job) -> Failed | None:
        """Start a query, or let it wait; its end when it can do neither."""
        with self._lock:
            if self._closed:
                return Failed(
                    Status.CANCELED, 'the node is no longer active, or about to be', 'request')
            free = len(self._running) < self._max_concurrent and not len(self._line)
            if not free and len(self._line) >= self._max_queued() and not self._made_way(job):
                return Failed(Status.BUSY, self._crowd(), 'request')
            if free:
                self._line.begin(job.caller.client)
                self._start(job)
            else:
                job.waited_s = 0.0
                self._line.add(job.caller.client, job)
                self._wake_line()
        if job.caller.canceled():
            job.cancel()
        return None

    def _turn(self, job: Job) -> End | None:
        """Wait until a query is started; its end when it is cancelled or out of time before."""
        ahead = told = 0
        while True:
            job.woken.clear()
            with self._lock:
                if job.started:
                    return None
                if job.end is not None:
                    return job.end
                if job.deadline.expired:
                    break
                ahead = len(self._running) + self._line.ahead(job)
            if ahead != told:
                job.tell_place(ahead)
                told = ahead
            job.woken.wait(job.deadline.remaining_s)
        self._leave(job)
        if job.deadline.canceled:
            why = ': the node was deactivated' if self._closed else ''
            return Failed(Status.CANCELED, f'cancelled while it waited for its turn{why}', 'queued')
        return Failed(
            Status.TIMEOUT, f'out of time after {job.deadline.elapsed_s:.1f} s of waiting for its '
            f'turn, {ahead} other queries before it; ask with a longer timeout, or raise '
            'max_concurrent', 'queued')

    def _end(self, job: Job) -> End:
        """Wait for the end of a query that runs, but not much longer than it may run."""
        while True:
            job.woken.clear()
            if job.done.is_set() or job.deadline.expired:
                break
            job.woken.wait(min(LOOK_S, job.deadline.remaining_s))
            job.tell_doing()
        job.done.wait(CANCEL_GRACE_S if job.deadline.canceled else GRACE_S)
        canceled, end = job.deadline.canceled, job.end
        if canceled and isinstance(end, Failed) and end.status != Status.CANCELED:
            return replace(end, status=Status.CANCELED, message=f'cancelled: {end.message}')
        if end is not None:
            return end
        if canceled:
            return Failed(Status.CANCELED, 'cancelled; a step is still winding up', 'run')
        job.deadline.cancel()
        return Failed(
            Status.TIMEOUT, f'out of time after {job.deadline.elapsed_s:.1f} s, and a step did not '
            'stop in time; ask with a longer timeout or fewer frames', 'run')

    def _start(self, job: Job) -> None:
        """Run a query on a thread of its own; the lock is held."""
        self._running.append(job)
        job.start()
        try:
            self._threads.begin(partial(self._work, job))
        except RuntimeError:  # the system has no thread to give
            job.end = fault_of(job.caller.query_id, 'request', self._log_error)
            job.done.set()
            self._give_place(job)
            del self._tidying[job]

    def _work(self, job: Job) -> None:
        try:
            job.end = self._await_tidied(job)
            if job.end is None:
                job.work(
                    self._observe, self._make_session, lambda: self._ended(job), self._settle)
        finally:
            self._ended(job)
            give_memory_back_at_times()
            with self._lock:
                del self._tidying[job]
                self._tidied.notify_all()

    def _await_tidied(self, job: Job) -> Failed | None:
        """Wait while too many are still tidied up; the query's end when its time is up before."""
        # who started this thread still holds the lock, and would have to wake up first
        if len(self._tidying) <= self._max_concurrent:
            return None
        with self._lock:
            while len(self._tidying) > self._max_concurrent:
                if job.deadline.expired:
                    break
                self._tidied.wait(min(POLL_S, job.deadline.remaining_s))
                job.waited_s = job.deadline.elapsed_s
            else:
                return None
            closing = self._closing()
        why = f'{len(closing)} earlier ones, answered, are still being closed: {_listed(closing)}'
        if job.deadline.canceled:
            return Failed(
                Status.CANCELED, f'cancelled while it waited for its turn; {why}', 'queued')
        return Failed(
            Status.TIMEOUT, f'out of time after {job.deadline.elapsed_s:.1f} s of waiting for its '
            f'turn; {why}; restart the node if that does not end', 'queued')

    def _ended(self, job: Job) -> None:
        """Let the caller of a query go on, and the next one begin; again without effect."""
        with self._lock:
            if job in self._running:
                self._give_place(job)
        job.done.set()
        job.wake()

    def _give_place(self, job: Job) -> None:
        """Give the place of a query to those whose turn it is; the lock is held."""
        self._running.remove(job)
        self._tidying[job] = Deadline()
        self._line.done(job.caller.client)
        while len(self._running) < self._max_concurrent:
            following = self._line.take()
            if following is None:
                break
            if following.deadline.expired:
                self._line.done(following.caller.client)
            else:
                self._start(following)
        self._wake_line()

    def _leave(self, job: Job) -> None:
        """Take a query out of the line, where it is still there."""
        with self._lock:
            if self._line.remove(job.caller.client, job):
                self._wake_line()

    def _wake_line(self) -> None:
        """Let those that wait see their new place; the lock is held."""
        for job in self._line:
            job.wake()

    def _made_way(self, job: Job) -> bool:
        """End who makes way for a query, if there is one; the lock is held."""
        leaving = self._line.make_way(job.caller.client)
        if leaving is not None:
            leaving.end = Failed(
                Status.BUSY, f'its client held the most places, and this one went to {job}; '
                f'{self._crowd()}', 'queued')
            leaving.wake()
        return leaving is not None

    def _crowd(self) -> str:
        """Why there is no place for one more."""
        text = f'at most {self._max_concurrent} may run at once, and running is ' \
            f'{_listed(self._running)}'
        if len(self._line):
            text += f'; {len(self._line)} wait: {_listed(self._line)}'
        closing = self._closing(SLOW_CLOSE_S)
        if closing:
            text += f'; {len(closing)} earlier ones are still being closed: {_listed(closing)}'
        return f'{text}; ask again when one has ended, or raise max_queued'

    def _closing(self, least_s: float = 0.0) -> tuple[str, ...]:
        """A line for each query that is tidied up for so long already; the lock is held."""
        return tuple(
            f'{job}, answered, its closing takes {clock.elapsed_s:.1f} s so far'
            for job, clock in self._tidying.items() if clock.elapsed_s >= least_s)


def _listed(jobs: Iterable[object]) -> str:
    texts = [str(job) for job in jobs]
    more = f' and {len(texts) - SHOWN_JOBS} more' if len(texts) > SHOWN_JOBS else ''
    return ', '.join(texts[:SHOWN_JOBS]) + more
