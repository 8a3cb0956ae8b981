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



"""One thread for a device: what is asked of it is done one after the other, in order."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, PerceptionUnavailableError

POLL_S = 0.01
"""How often one who waits looks whether the query was cancelled."""

log = logging.getLogger(__name__)


class Job:
    """One thing to do.

    Args:
        what: in a few words, for those who wait.
        action: does it; what it raises goes to who waits for the job.
        deadline: of the query; the action gets a branch of it, cancelled when nobody waits any more
            or when the worker closes.
        explain: makes of what the action raised what is raised to who waits.
    """

    def __init__(
        self, what: str, action: Callable[[Deadline], Any], deadline: Deadline | None = None,
        explain: Callable[[BaseException], BaseException] = lambda error: error,
    ) -> None:
        self.what = what
        self.deadline = (deadline or Deadline()).branch()
        self.done = threading.Event()
        self.left_s: float | None = None  # when who waited for it left
        self.result: Any = None
        self.error: BaseException | None = None
        self._action: Callable[[Deadline], Any] | None = action
        self._explain = explain

    def run(self) -> None:
        """Do it, in the worker's thread."""
        action, self._action = self._action, None
        assert action is not None
        try:
            self.deadline.check(self.what)
            self.result = action(self.deadline)
        except BaseException as error:  # outermost edge of the thread; raised again by who waits
            # Without the traceback, whose frames would keep what the model had in memory.
            self.error = self._explain(error).with_traceback(None)
        self.done.set()

    def end(self, error: BaseException) -> None:
        """End it without doing it."""
        self._action = None
        self.error = error
        self.done.set()


class Worker:
    """Does jobs one after the other, in a thread that it owns.

    Args:
        name: of the device, for the thread's name and messages.
        max_waiting: most jobs that wait; one more is told that the device is busy.
        tick: called in the thread after each job and whenever the time is up that it gave: returns
            the seconds to its next call, or None.
        at_end: called in the thread, last.
    """

    def __init__(
        self, name: str, max_waiting: int, tick: Callable[[], float | None] = lambda: None,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._name, self._max_waiting, self._tick, self._at_end = name, max_waiting, tick, at_end
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._closing = False
        self._thread = threading.Thread(
            target=self._work, name=f'perception {name}', daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    @property
    def closing(self) -> bool:
        """Whether it is being closed, or is."""
        return self._closing

    @property
    def abandoned_s(self) -> float:
        """For how long the thread has been at a job that nobody waits for any more; else 0."""
        job = self._running
        left_s = None if job is None else job.left_s
        return 0.0 if left_s is None else time.monotonic() - left_s

    def submit(self, job: Job) -> None:
        """Queue a job.

        Raises:
            PerceptionUnavailableError: too many wait.
            CanceledError: the worker is closed.
        """
        with self._changed:
            if self._closing:
                raise CanceledError(f'perception was closed before {job.what}')
            if len(self._waiting) >= self._max_waiting:
                now = self._running.what if self._running is not None else 'other work'
                raise PerceptionUnavailableError(
                    f'device {self._name} is busy with {now}, and {len(self._waiting)} more calls '
                    'wait; ask again later, with fewer queries at once, or use a server with more '
                    'GPUs')
            self._waiting.append(job)
            self._changed.notify()

    def do(self, job: Job, look: Callable[[], None] = lambda: None) -> Any:
        """Queue a job, wait for its end, and return its result; or raise what it raised.

        Args:
            job: to do.
            look: called now and then while it is waited for; what it raises ends the waiting.

        Raises:
            DeadlineExceededError: no time is left; a job that runs is left to its end.
            CanceledError: the query was cancelled; likewise.
            PerceptionUnavailableError: too many wait.
        """
        self.submit(job)
        try:
            while not job.done.wait(POLL_S):
                job.deadline.check(self._doing(job))
                look()
        except BaseException:
            self._leave(job)
            raise
        error, job.error = job.error, None
        if error is not None:
            raise error
        return job.result

    def close(self, timeout_s: float) -> bool:
        """Cancel all jobs and end the thread.

        Returns:
            Whether it ended in time.
        """
        with self._changed:
            self._closing = True
            waiting, running = list(self._waiting), self._running
            self._waiting.clear()
            self._changed.notify()
        for job in waiting:
            job.end(CanceledError(f'perception was closed before {job.what}'))
        if running is not None:
            running.deadline.cancel()
        if threading.current_thread() is self._thread:
            return True  # it ends after this job
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _doing(self, job: Job) -> str:
        running = self._running
        if running is None or running is job:
            return job.what
        return f'{job.what}, which waits for {running.what}'

    def _leave(self, job: Job) -> None:
        with self._changed:
            job.left_s = time.monotonic()
            if job in self._waiting:
                self._waiting.remove(job)
        job.deadline.cancel()

    def _work(self) -> None:
        wait_s: float | None = None
        while not self._closing:
            with self._changed:
                self._running = None
                self._changed.wait_for(lambda: self._waiting or self._closing, wait_s)
                if self._waiting:
                    self._running = self._waiting.popleft()
            if self._running is not None:
                self._running.run()
            wait_s = self._edge(self._tick)
        self._edge(self._at_end)

    def _edge(self, action: Callable[[], float | None]) -> float | None:
        try:
            return action()
        except Exception:  # outermost edge of the thread
            log.exception('looking after the models on %s failed', self._name)
            return None
