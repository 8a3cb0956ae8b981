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


"""One query under way: looks, lets the agent work, and has an end whatever happens.

It has ended for its caller at its last event. What is to be tidied then (the kernel's worker, the
trace, what drawings need) is done behind that.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from spatialclaw_ros.agent.doing import Working
from spatialclaw_ros.agent.events import Answered, Event, Failed, Refused
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    InvalidRequestError,
    KernelError,
    NoFramesError,
    SpatialClawError,
    TransformError,
)
from spatialclaw_ros.ros.outcome import Caller, End, Outcome, QueryRequest
from spatialclaw_ros.ros.progress import Progress, Queued
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Question, Status

STATUS_OF: tuple[tuple[type[SpatialClawError], Status], ...] = (
    (InvalidRequestError, Status.INVALID_REQUEST),
    (NoFramesError, Status.NO_FRAMES),
    (TransformError, Status.REFUSED),
    (DeadlineExceededError, Status.TIMEOUT),
    (CanceledError, Status.CANCELED),
)
SHOWN_CHARS = 60
LONG_S = 1.0
"""A step that takes longer is told of before its end."""
HEAD_START_S = 0.02
"""What an answer's way to its caller has of Python before it is sent on `~/answer` and drawn, and
things are tidied."""


class AgentSession(Protocol):
    """What a job needs of `agent.Session`."""

    @property
    def trace_path(self) -> Path | None:
        """Folder of the trace, None without one."""
        ...

    @property
    def timings(self) -> Mapping[str, float]:
        """Seconds that each part took."""
        ...

    @property
    def doing(self) -> Working | None:
        """What it is busy with just now; None between two steps."""
        ...

    def run(
        self, observation: Observation, question: Question, deadline: Deadline, query_id: str,
    ) -> Iterator[Event]:
        """Events of the query; the last one is Answered, Refused or Failed."""
        ...


Observe = Callable[[QueryRequest, Deadline, dict[str, float]], Observation]
"""Makes the observation; puts into the last argument what parts of it took, in seconds."""
MakeSession = Callable[[QueryRequest, Deadline], AgentSession]


class Job:
    """A query from its admission to its end.

    Args:
        caller: who asks.
        text: the question as it was asked.
        request: the checked request; its time runs from now on.
        log_error: where a fault's traceback goes.

    Attributes:
        waited_s: how long it waited for its turn; None when its turn came at once.
        end: how it ended; None before that.
    """

    def __init__(
        self, caller: Caller, text: str, request: QueryRequest, log_error: Callable[[str], object],
    ) -> None:
        self.caller = caller
        self.text = text
        self.request = request
        self.deadline = Deadline(request.timeout_s, caller.held_s)
        self.woken = threading.Event()
        self.done = threading.Event()
        self.started = False
        self.waited_s: float | None = caller.held_s or None
        self.end: End | None = None
        self._observation: Observation | None = None
        self._session: AgentSession | None = None
        self._spent = {'frames': 0.0}
        self._log_error = log_error
        self._stage = 'frames'
        self._doing: Working | None = None
        self._told_doing: set[Working] = set()
        self._left = False
        self._telling = threading.Lock()

    def __str__(self) -> str:
        text = self.text if len(self.text) <= SHOWN_CHARS else f'{self.text[:SHOWN_CHARS - 1]}…'
        asker = f' of {self.caller.client[:SHOWN_CHARS]}' if self.caller.client else ''
        return f'{self.caller.query_id}{asker} ({text!r}, {self.deadline.elapsed_s:.1f} s)'

    def wake(self) -> None:
        """Let the caller's thread look at this job again."""
        self.woken.set()

    def cancel(self) -> None:
        """Cancel it, whether it waits or runs."""
        self.deadline.cancel()
        self.wake()

    def start(self) -> None:
        """Note that its turn has come."""
        if self.waited_s is not None:
            self.waited_s = self.deadline.elapsed_s
        self.started = True
        self.wake()

    def tell_place(self, ahead: int) -> None:
        """Tell the caller how many are before it, unless its turn came meanwhile."""
        with self._telling:
            if not self.started:
                self._hears(Queued(ahead))

    def tell_doing(self) -> None:
        """Tell the caller what takes long, each step once; called while its end is waited for."""
        doing = self._now()
        if doing is None or doing in self._told_doing or (
                time.monotonic() - doing.since_s < LONG_S):
            return
        with self._telling:
            if self._now() is doing:  # else its end may have been told
                # a step goes on when a tool that it called has ended
                self._told_doing.add(doing)
                self._hears(doing)

    def _now(self) -> Working | None:
        session = self._session
        return self._doing if session is None else session.doing

    def work(
        self, observe: Observe, make_session: MakeSession, ended: Callable[[], object],
        settle: Callable[[], object],
    ) -> None:
        """Carry it through on this thread, and tidy up after it.

        Args:
            observe: makes the observation.
            make_session: makes the agent.
            ended: called once when `end` is set, whatever happens; the caller goes on then.
            settle: called after all that, if it was carried through.
        """
        try:
            self._carry_through(observe, make_session, ended)
            settle()
        # the thread's outermost edge
        except Exception as error:
            if self.end is not None:
                self._log_error(f'query {self.caller.query_id} is answered, and then was not '
                                f'closed as it should be:\n{traceback.format_exc()}')
                return
            self.end = self._failed(error)
            ended()

    def _carry_through(
        self, observe: Observe, make_session: MakeSession, ended: Callable[[], object],
    ) -> None:
        self.deadline.check('waiting for its turn')
        clock = Deadline()
        self._doing = Working('frames', 0, 'waits for images and their TF')
        self._observation = observe(self.request, self.deadline, self._spent)
        self._spent['frames'] = clock.elapsed_s
        self._doing = None
        self._tell(self._observation)
        self.deadline.check('choosing frames')
        self._stage = 'kernel'
        self._doing = Working('plan', 0, 'waits for the kernel')
        self._session = make_session(self.request, self.deadline)
        self._stage = 'run'
        event: Event | None = None
        for event in self._session.run(
                self._observation, self.request.question, self.deadline, self.caller.query_id):
            self._tell(event)
            if isinstance(event, Answered | Refused | Failed):
                self.end = event
                ended()
                time.sleep(HEAD_START_S)
        if self.end is None:
            raise RuntimeError(f'the session ended without an answer, after {event!r}')

    def _failed(self, error: Exception) -> Failed:
        """The end of a query that met the exception that is being handled."""
        query_id = self.caller.query_id
        if isinstance(error, KernelError):
            self._log_error(f'query {query_id}: {traceback.format_exc()}')
            return Failed(Status.INTERNAL_ERROR, f'query {query_id}: {error}', self._stage)
        known = [status for kind, status in STATUS_OF if isinstance(error, kind)]
        return Failed(known[0], str(error), self._stage) if known else fault_of(
            query_id, self._stage, self._log_error)

    def outcome(self, end: End, total_s: float) -> Outcome:
        """How it ended for the caller, who hears nothing more of it."""
        self._left = True
        timings = dict(self._session.timings) if self._session is not None else {}
        if self._observation is not None:
            timings = {**self._spent, **timings}
        if self.waited_s is not None:
            timings = {'queued': self.waited_s, **timings}
        timings['total'] = total_s
        path = self._session.trace_path if self._session is not None else None
        return Outcome(
            self.caller.query_id, self.text, self._told(end), request=self.request,
            observation=self._observation, timings=timings, trace_path=str(path) if path else '')

    def _told(self, end: End) -> End:
        """A time that ran out says how much of it went into waiting for its turn."""
        if (not isinstance(end, Failed) or end.status != Status.TIMEOUT or not self.waited_s
                or end.stage == 'queued'):
            return end
        return replace(end, message=(
            f'{end.message}; {self.waited_s:.1f} s of that it waited for other queries'))

    def _tell(self, event: Progress) -> None:
        with self._telling:
            self._hears(event)

    def _hears(self, event: Progress) -> None:
        """Tell the caller; what goes wrong with that is no fault of the query."""
        if self._left:
            return
        try:
            self.caller.hears(self.caller.query_id, event)
        # the edge to whoever listens
        except Exception:
            if not self._left:  # else who listened has gone
                self._log_error(f'query {self.caller.query_id}: its progress could not be told:\n'
                                f'{traceback.format_exc()}')


def fault_of(query_id: str, stage: str, log_error: Callable[[str], object]) -> Failed:
    """The end of a query that met the exception that is being handled; it is logged."""
    text = traceback.format_exc()
    log_error(f'query {query_id} met a fault of this node:\n{text}')
    last = text.strip().rpartition('\n')[2]
    return Failed(
        Status.INTERNAL_ERROR,
        f'a fault of this node in query {query_id}: {last}; its log has the traceback', stage)
