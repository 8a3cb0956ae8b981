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

"""One query from request to outcome, for the service and the action alike; knows no message type.

`QueryRunner.run` is called on any thread and always comes back with an `Outcome`, at the latest
`GRACE_S` after the query's own time is up. The query itself runs on a thread of its own, so a step
that doesn't look at the clock can't hold an answer back; the slot stays taken until it has ended.
"""

from __future__ import annotations

import datetime
import logging
import secrets
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from spatialclaw_ros.agent.events import Answered, Event, Failed, Refused
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    InvalidRequestError,
    KernelError,
    NoFramesError,
    SpatialClawError,
)
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Question, Status

log = logging.getLogger(__name__)

GRACE_S = 0.5
POLL_S = 0.1
CLOSE_WAIT_S = 3.0

STATUS_OF: tuple[tuple[type[SpatialClawError], Status], ...] = (
    (InvalidRequestError, Status.INVALID_REQUEST),
    (NoFramesError, Status.NO_FRAMES),
    (DeadlineExceededError, Status.TIMEOUT),
    (CanceledError, Status.CANCELED),
)


@dataclass(frozen=True)
class QueryRequest:
    """A checked request, defaults filled in.

    Args:
        question: what is asked; its `frame_id` is the frame of the answer, '' for the default.
        cameras: names; empty for all.
        stamp_ns: newest image time to look at, ROS clock; None for the newest there is.
        window_s: how far back to look.
        max_frames: at most this many images.
        timeout_s: time for the whole query.
    """

    question: Question
    cameras: tuple[str, ...]
    stamp_ns: int | None
    window_s: float
    max_frames: int
    timeout_s: float


class AgentSession(Protocol):
    """What the runner needs of `agent.Session`."""

    @property
    def trace_path(self) -> Path | None:
        """Folder of the trace, None without one."""
        ...

    @property
    def timings(self) -> Mapping[str, float]:
        """Seconds that each part took."""
        ...

    def run(
        self, observation: Observation, question: Question, deadline: Deadline, query_id: str,
    ) -> Iterator[Event]:
        """Events of the query; the last one is Answered, Refused or Failed."""
        ...


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a query ended.

    Args:
        query_id: unique for each query.
        text: the question as it was asked.
        end: the last event.
        request: the checked request; None when it could not be used.
        observation: what the cameras saw; None when it never came to that.
        timings: part to seconds; has 'total'.
        trace_path: folder of the trace, '' without one.
    """

    query_id: str
    text: str
    end: Answered | Refused | Failed
    request: QueryRequest | None = None
    observation: Observation | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    trace_path: str = ''

    @property
    def status(self) -> Status:
        """How it ended."""
        if isinstance(self.end, Failed):
            return self.end.status
        return Status.OK if isinstance(self.end, Answered) else Status.REFUSED


OnEvent = Callable[[str, Observation | Event], None]
"""Called with the query id and, first, the observation, then each event."""


class _Job:
    """A query that is under way."""

    def __init__(self, query_id: str, text: str, request: QueryRequest) -> None:
        self.query_id = query_id
        self.text = text
        self.request = request
        self.deadline = Deadline(request.timeout_s)
        self.done = threading.Event()
        self.end: Answered | Refused | Failed | None = None
        self.observation: Observation | None = None
        self.session: AgentSession | None = None
        self.observe_s = 0.0


class QueryRunner:
    """Runs at most `max_concurrent` queries at once; thread-safe.

    Args:
        observe: makes the observation; raises NoFramesError, InvalidRequestError.
        make_session: makes the agent for one query, waiting for the kernel if need be.
        log_error: where a fault's traceback goes.
        max_concurrent: a further query ends BUSY at once.
    """

    def __init__(
        self,
        *,
        observe: Callable[[QueryRequest, Deadline], Observation],
        make_session: Callable[[QueryRequest, Deadline], AgentSession],
        log_error: Callable[[str], object] = log.error,
        max_concurrent: int = 1,
    ) -> None:
        self._observe = observe
        self._make_session = make_session
        self._log_error = log_error
        self._max_concurrent = max_concurrent
        self._lock = threading.Lock()
        self._jobs: dict[str, tuple[_Job, threading.Thread]] = {}
        self._closed = False

    @property
    def running(self) -> tuple[str, ...]:
        """Ids of the queries that are under way."""
        with self._lock:
            return tuple(self._jobs)

    def cancel(self, query_id: str) -> bool:
        """Cancel one query; False when it isn't under way."""
        with self._lock:
            entry = self._jobs.get(query_id)
        if entry is None:
            return False
        entry[0].deadline.cancel()
        return True

    def close(self) -> bool:
        """Cancel everything and wait a few seconds for it; later queries end CANCELED.

        Returns:
            Whether all of it has ended.
        """
        with self._lock:
            self._closed = True
            entries = list(self._jobs.values())
        for job, _ in entries:
            job.deadline.cancel()
        patience = Deadline(CLOSE_WAIT_S)
        for _, thread in entries:
            thread.join(patience.remaining_s)
        return not any(thread.is_alive() for _, thread in entries)

    def run(
        self,
        text: str,
        check: Callable[[], QueryRequest],
        on_event: OnEvent | None = None,
        query_id: str = '',
    ) -> Outcome:
        """Carry one query through.

        Args:
            text: the question as it was asked.
            check: makes the checked request; raises InvalidRequestError.
            on_event: called on the query's own thread with what happens.
            query_id: id to use; '' makes one.

        Returns:
            The outcome, whatever happens.
        """
        clock = Deadline()
        query_id = query_id or new_query_id()
        job = None
        try:
            job = _Job(query_id, text, check())
            end = self._run(job, on_event)
        except InvalidRequestError as error:
            end = Failed(Status.INVALID_REQUEST, str(error), 'request')
        except Exception:
            end = self._fault(query_id, 'request')
        timings = dict(job.session.timings) if job and job.session else {}
        if job and job.observation is not None:
            timings = {'frames': job.observe_s, **timings}
        timings['total'] = clock.elapsed_s
        path = job.session.trace_path if job and job.session else None
        return Outcome(
            query_id, text, end, request=job.request if job else None,
            observation=job.observation if job else None, timings=timings,
            trace_path=str(path) if path else '')

    def _run(self, job: _Job, on_event: OnEvent | None) -> Answered | Refused | Failed:
        thread = threading.Thread(
            target=self._work, args=(job, on_event), name=f'query-{job.query_id}', daemon=True)
        with self._lock:
            if self._closed:
                return Failed(Status.CANCELED, 'the node is shutting down', 'request')
            if len(self._jobs) >= self._max_concurrent:
                others = ', '.join(
                    f'{other.query_id} ({_shorten(other.text)!r}, {other.deadline.elapsed_s:.1f} s)'
                    for other, _ in self._jobs.values())
                return Failed(
                    Status.BUSY, f'at most {self._max_concurrent} at once may run, and running is '
                    f'{others}; ask again when it has ended', 'request')
            self._jobs[job.query_id] = (job, thread)
            thread.start()
        patience: Deadline | None = None
        while not job.done.wait(POLL_S):
            if patience is None and job.deadline.expired:
                patience = Deadline(GRACE_S)
            if patience is not None and patience.expired:
                break
        if job.end is not None:
            return job.end
        canceled = job.deadline.canceled
        job.deadline.cancel()
        if canceled:
            return Failed(Status.CANCELED, 'cancelled; a step is still winding up', 'run')
        return Failed(
            Status.TIMEOUT, f'out of time after {job.deadline.elapsed_s:.1f} s, and a step did not '
            'stop in time; ask with a longer timeout or fewer frames', 'run')

    def _work(self, job: _Job, on_event: OnEvent | None) -> None:
        tell = on_event or _ignore
        stage = 'frames'
        try:
            clock = Deadline()
            job.observation = self._observe(job.request, job.deadline)
            job.observe_s = clock.elapsed_s
            tell(job.query_id, job.observation)
            job.deadline.check('choosing frames')
            stage = 'kernel'
            job.session = self._make_session(job.request, job.deadline)
            stage = 'run'
            end: Event | None = None
            for end in job.session.run(
                    job.observation, job.request.question, job.deadline, job.query_id):
                tell(job.query_id, end)
            if not isinstance(end, Answered | Refused | Failed):
                raise RuntimeError(f'the session ended without an answer, after {end!r}')
            job.end = end
        except KernelError as error:
            self._log_error(f'query {job.query_id}: {traceback.format_exc()}')
            job.end = Failed(
                Status.INTERNAL_ERROR, f'query {job.query_id}: {error}', stage)
        except SpatialClawError as error:
            for kind, status in STATUS_OF:
                if isinstance(error, kind):
                    job.end = Failed(status, str(error), stage)
                    break
            else:
                job.end = self._fault(job.query_id, stage)
        except Exception:
            job.end = self._fault(job.query_id, stage)
        finally:
            with self._lock:
                self._jobs.pop(job.query_id, None)
            job.done.set()

    def _fault(self, query_id: str, stage: str) -> Failed:
        text = traceback.format_exc()
        self._log_error(f'query {query_id} met a fault of this node:\n{text}')
        last = text.strip().rpartition('\n')[2]
        return Failed(
            Status.INTERNAL_ERROR,
            f'a fault of this node in query {query_id}: {last}; its log has the traceback', stage)


def new_query_id() -> str:
    """A unique id that sorts by time, UTC."""
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    return f'{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}'


def _shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[:limit - 1] + '…'


def _ignore(_query_id: str, _event: Observation | Event) -> None:
    pass
