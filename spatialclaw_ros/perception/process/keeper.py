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

"""Keeps one perception process going: one thread starts it, listens, watches, and starts it anew.

The process is started when somebody asks for it, or at once and always when it is to preload. One
that died is replaced with growing pauses, so that a process that can't live costs next to nothing.
"""

from __future__ import annotations

import logging
import math
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionUnavailableError, WireError
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.process.child import Child
from spatialclaw_ros.perception.process.messages import (
    Configure,
    Fatal,
    FromProcess,
    Heartbeat,
    Hello,
    Ping,
    Pong,
    StartFailed,
    ToProcess,
)
from spatialclaw_ros.perception.process.obituary import cannot_start, how_it_died
from spatialclaw_ros.perception.process.wake import Wake

_log = logging.getLogger(__name__)
_SLICE_S = 0.05
CLOSED = 'perception is closed; open it again'


@dataclass(frozen=True)
class Patience:
    """How long a perception process is waited for.

    Args:
        start_s: from its start until it takes calls; models are loaded after that.
        heartbeat_s: between two signs of life.
        silence_s: without a sign of life it hangs, and is replaced.
        first_pause_s: before it is started again when it failed twice in a row; doubled each time.
        longest_pause_s: where that ends.
        steady_s: one that lived so long has not failed in a row.
    """

    start_s: float = 120.0
    heartbeat_s: float = 1.0
    silence_s: float = 60.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    steady_s: float = 60.0


class GoneError(PerceptionUnavailableError):
    """The process ended while it was needed."""


class Listener(Protocol):
    """Who has business with the process; called in the keeper's thread, under the lock."""

    def heard(self, message: FromProcess, take_fd: Callable[[], int]) -> None:
        """A message came that is not the keeper's own.

        Raises:
            WireError: it is out of turn.
        """
        ...

    def gone(self, reason: str) -> None:
        """The process has ended, all its memory with it."""
        ...

    def posts(self, generation: int) -> Sequence[ToProcess]:
        """What is to be told a process without anybody waiting for it."""
        ...


class Keeper:
    """The process's life; `changed` guards all that is shared with other threads.

    Args:
        config: what the process opens.
        patience: with it.
        listener: told what comes.

    Attributes:
        changed: notified whenever anything changed.
        generation: counts the processes, 0 before the first.
        beat: the last heartbeat of the present process.
        round_trip_s: of the last ping, NaN before it.
        trouble: why there is no process, '' when none is missed.
    """

    def __init__(self, config: PerceptionConfig, patience: Patience, listener: Listener) -> None:
        self._config = config
        self._patience = patience
        self._listener = listener
        self.changed = threading.Condition()
        self.wake = Wake()
        self.generation = 0
        self.beat: Heartbeat | None = None
        self.round_trip_s = math.nan
        self.trouble = ''
        self._child: Child | None = None
        self._ready = False
        self._wanted = config.preload
        self._failures = 0  # in a row
        self._refusals = 0  # starts that came to nothing
        self._not_before_s = 0.0
        self._heard_s = 0.0
        self._pinged_s = 0.0
        self._pings = 0
        self._told = ''
        self._posted: deque[tuple[ToProcess, Sequence[int]]] = deque()
        self._closed = False
        self._thread: threading.Thread | None = None
        if self._wanted:
            with self.changed:
                self._want()

    # ---- any thread

    @property
    def pid(self) -> int:
        """Of the process, 0 without."""
        child = self._child
        return child.pid if child is not None else 0

    @property
    def ready(self) -> bool:
        """Whether it takes calls."""
        return self._ready

    @property
    def closed(self) -> bool:
        """Whether there will be no more processes."""
        return self._closed

    def wait_ready(self, deadline: Deadline) -> int:
        """Wait until a process takes calls, started for this if there is none.

        Returns:
            Its generation.

        Raises:
            PerceptionUnavailableError: it can't be started, or rests after several failures.
            DeadlineExceededError: the deadline passed.
            CanceledError: it was cancelled.
        """
        with self.changed:
            refusals = self._refusals
            while not self._ready:
                if self._closed:
                    raise PerceptionUnavailableError(CLOSED)
                rest_s = self._not_before_s - time.monotonic()
                if self._refusals > refusals or (
                        self._child is None and self.trouble and rest_s > _SLICE_S):
                    raise PerceptionUnavailableError(
                        f'{self.trouble}; the next try is in {max(1.0, rest_s):.0f} s')
                self._want()
                self.changed.wait(min(_SLICE_S, deadline.remaining_s))
                if not self._ready:
                    deadline.check('the start of the perception process')
            return self.generation

    def post(self, generation: int, message: ToProcess, fds: Sequence[int] = ()) -> None:
        """Send a message, under the lock; its descriptors are closed afterwards.

        Raises:
            GoneError: that process is not there any more.
        """
        if not self._ready or generation != self.generation:
            for fd in fds:
                os.close(fd)
            raise GoneError(self.trouble or 'the perception process ended')
        self._posted.append((message, fds))
        self.wake.set()

    def succeeded(self) -> None:
        """A call was answered, so the process is not one that always fails; under the lock."""
        self._failures = 0

    def close(self) -> None:
        """End the process and wait for that; may be called twice."""
        with self.changed:
            self._closed = True
            thread, self._thread = self._thread, None
            self.wake.set()
            self.changed.notify_all()
        if thread is not None:
            thread.join()

    def _want(self) -> None:
        """Have a process started; under the lock."""
        self._wanted = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name='perception', daemon=True)
            self._thread.start()
        self.wake.set()

    # ---- the keeper's own thread

    def _work(self) -> None:
        try:
            while not self._closed:
                if self._child is not None:
                    self._listen(self._child)
                elif self._wanted and time.monotonic() >= self._not_before_s:
                    self._start()
                else:
                    self._rest()
        # the thread's outermost edge: nobody may wait for it in vain
        except Exception:
            _log.exception('the keeper of the perception process failed')
        finally:
            with self.changed:
                self._closed = True
            self._bury(CLOSED)

    def _rest(self) -> None:
        """Wait until a process is wanted."""
        with self.changed:
            self._listener.posts(0)
            rest_s = self._not_before_s - time.monotonic() if self._wanted else None
        self.wake.wait(rest_s)

    def _start(self) -> None:
        try:
            child = Child(self._config.python)
        except OSError as error:
            self._refuse(cannot_start(self._config.python, error))
            return
        child.post(Configure(self._config, self._patience.heartbeat_s))
        with self.changed:
            self._child, self._told = child, ''
            self.generation += 1
            self.beat, self.round_trip_s = None, math.nan
            self._heard_s = self._pinged_s = time.monotonic()
            self.changed.notify_all()

    def _listen(self, child: Child) -> None:
        """One turn: wait for anything, and see to it."""
        now_s = time.monotonic()
        with self.changed:
            for item in self._listener.posts(self.generation):
                child.post(item)
            while self._posted:
                child.post(*self._posted.popleft())
        if self._ready and now_s - self._pinged_s >= self._patience.heartbeat_s:
            self._pings += 1
            self._pinged_s = now_s
            child.post(Ping(self._pings))
        try:
            child.flush()
            ready = self._poll(child)
            if child.wire_fd in ready:
                for message in child.receive():
                    self._hear(child, message)
        except (EOFError, OSError):
            self._bury('')
            return
        except WireError as error:
            self._bury(f'it broke its connection with the node ({error})')
            return
        if child.output.fd in ready:
            child.output.read()
        if child.pidfd in ready:
            self._bury('')
            return
        silent_s = time.monotonic() - self._heard_s
        if not self._ready and time.monotonic() - child.began_s > self._patience.start_s:
            self._bury(f'it did not come up within {self._patience.start_s:g} s')
        elif silent_s > self._patience.silence_s:
            self._bury(f'it hung: no sign of life for {silent_s:.0f} s')

    def _poll(self, child: Child) -> set[int]:
        poll = select.poll()
        poll.register(child.wire_fd, select.POLLIN | (select.POLLOUT if child.has_outgoing else 0))
        poll.register(child.output.fd, select.POLLIN)
        poll.register(child.pidfd, select.POLLIN)
        poll.register(self.wake.fd, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(1000 * min(0.5, self._patience.heartbeat_s))}
        if self.wake.fd in ready:
            self.wake.clear()
        return ready

    def _hear(self, child: Child, message: FromProcess) -> None:
        with self.changed:
            self._heard_s = time.monotonic()
            if isinstance(message, Heartbeat):
                self.beat = message
            elif isinstance(message, Pong):
                if message.number == self._pings:
                    self.round_trip_s = self._heard_s - self._pinged_s
            elif isinstance(message, Hello):
                self._ready, self.trouble = True, ''
            elif isinstance(message, (StartFailed, Fatal)):
                self._told = message.message
            else:
                self._listener.heard(message, child.take_fd)
            self.changed.notify_all()

    def _bury(self, reason: str) -> None:
        """End the process for good and tell everybody; `reason` is '' when it died by itself."""
        child = self._child
        if child is None:
            return
        was_ready, lived_s = self._ready, time.monotonic() - child.began_s
        with self.changed:
            self._ready = False
        # one that hangs or lies gets no time
        status = child.end(0.0 if reason and not self._closed else 1.0)
        text = how_it_died(child.pid, reason or self._told, status, child.output.last_lines(8))
        child.close()
        with self.changed:
            self._child = None
            while self._posted:
                for fd in self._posted.popleft()[1]:
                    os.close(fd)
            self._listener.gone(text)
        if self._closed:
            return
        if lived_s > self._patience.steady_s:
            self._failures = 0
        if was_ready:
            self._pause(text)
        else:
            self._refuse(text)

    def _refuse(self, text: str) -> None:
        """A start came to nothing."""
        self._failures += 1  # such a one is not tried again at once
        self._pause(text)
        with self.changed:
            self._refusals += 1
            self.changed.notify_all()

    def _pause(self, text: str) -> None:
        self._failures += 1
        pause_s = 0.0 if self._failures < 2 else min(
            self._patience.longest_pause_s,
            self._patience.first_pause_s * 2.0 ** (self._failures - 2))
        _log.warning('%s; it is started again %s', text,
                     f'in {pause_s:g} s' if pause_s else 'at once' if self._config.preload
                     else 'when it is needed')
        with self.changed:
            self.trouble = text
            self._not_before_s = time.monotonic() + pause_s
            self._wanted = self._config.preload
            self.changed.notify_all()
