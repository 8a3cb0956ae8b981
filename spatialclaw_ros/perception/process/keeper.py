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
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import KernelError, PerceptionUnavailableError, WireError
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
    pack,
)
from spatialclaw_ros.perception.process.obituary import (
    cannot_start,
    did_not_start,
    how_it_died,
)
from spatialclaw_ros.perception.process.patience import Patience
from spatialclaw_ros.perception.process.wake import Wake
from spatialclaw_ros.perception.status import PerceptionStatus

_log = logging.getLogger(__name__)
_SLICE_S = 0.05
_LAST_BREATH_S = 1.0
# for so long a status tells why there was another process before
_RECENT_S = 60.0
CLOSED = 'perception is closed; open it again'


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
        names: what a process said last that it has; None before the first.
        said: status of itself in the last heartbeat of the present process.
        round_trip_s: of the last ping, NaN before it.
    """

    def __init__(self, config: PerceptionConfig, patience: Patience, listener: Listener) -> None:
        self._config = config
        self._patience = patience
        self._listener = listener
        self.changed = threading.Condition()
        self.wake = Wake()
        self.generation = 0
        self.names: Mapping[str, str] | None = None
        self.said: PerceptionStatus | None = None
        self.round_trip_s = math.nan
        self._trouble = ''  # why there is no process
        self._replaced_s = -math.inf
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
        self._posted: deque[tuple[bytes, Sequence[int]]] = deque()
        self._closed = False
        self._thread: threading.Thread | None = None

    # ---- any thread

    @property
    def pid(self) -> int:
        """Of the process, 0 without."""
        child = self._child
        return child.pid if child is not None else 0

    @property
    def alive(self) -> bool:
        """Whether it lives, or would if somebody asked for it; under the lock."""
        return not self._closed and (self._ready or not self._trouble)

    @property
    def message(self) -> str:
        """Why it does not live, or why another one did not until a moment ago; under the lock."""
        if self._closed:
            return CLOSED
        recent = time.monotonic() - self._replaced_s < _RECENT_S
        return self._trouble if recent or not self._ready else ''

    def has(self, generation: int) -> bool:
        """Whether that process takes calls; under the lock."""
        return self._ready and generation == self.generation

    @property
    def closed(self) -> bool:
        """Whether there will be no more processes."""
        return self._closed

    def start(self) -> None:
        """Have the process started, and do not wait."""
        with self.changed:
            self._want()

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
                        self._child is None and self._trouble and rest_s > _SLICE_S):
                    raise PerceptionUnavailableError(
                        f'{self._trouble}; the next try is in {max(1.0, rest_s):.0f} s')
                self._want()
                self.changed.wait(min(_SLICE_S, deadline.remaining_s))
                if not self._ready:
                    deadline.check('the start of the perception process')
            return self.generation

    def post(self, generation: int, payload: bytes, fds: Sequence[int] = ()) -> None:
        """Send a packed message and copies of descriptors; under the lock.

        Raises:
            GoneError: that process is not there any more.
            KernelError: this process has no more descriptors.
        """
        if not self.has(generation):
            raise GoneError(self._trouble or 'the perception process ended')
        try:
            self._posted.append((payload, [os.dup(fd) for fd in fds]))
        except OSError as error:
            raise KernelError(f'no descriptor for it: {error}') from error
        self.wake.set()

    def succeeded(self) -> None:
        """A call was answered, so the process is not one that always fails; under the lock."""
        self._failures = 0

    def close(self) -> None:
        """End the process and wait for that; may be called twice."""
        with self.changed:
            self._closed = True
            self.wake.set()
            self.changed.notify_all()
        if self._thread is not None:
            self._thread.join()

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
                self._guarded_turn()
        finally:
            with self.changed:
                self._closed = True
            self._bury(CLOSED)

    def _guarded_turn(self) -> None:
        try:
            if self._child is not None:
                self._listen(self._child)
            elif self._wanted and time.monotonic() >= self._not_before_s:
                self._start()
            else:
                self._rest()
        # the thread's outermost edge: nobody may wait for it in vain
        except Exception as error:
            _log.exception('looking after the perception process failed')
            reason = f'the node could not look after it ({type(error).__name__}), see the log'
            if self._child is not None:
                self._bury(reason)
            else:
                self._refuse(f'the perception process did not start: {reason}')
                self.wake.wait(self._patience.first_pause_s)

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
        child.post(pack(Configure(self._config, self._patience.heartbeat_s)))
        with self.changed:
            self._child, self._told = child, ''
            self.generation += 1
            self._heard_s = self._pinged_s = time.monotonic()
            self.changed.notify_all()

    def _listen(self, child: Child) -> None:
        """One turn: wait for anything, and see to it."""
        now_s = time.monotonic()
        with self.changed:
            while self._posted:
                child.post(*self._posted.popleft())
            # after it: what was shown just now may have been let go already
            for item in self._listener.posts(self.generation):
                child.post(pack(item))
        if self._ready and now_s - self._pinged_s >= self._patience.heartbeat_s:
            self._pings += 1
            self._pinged_s = now_s
            child.post(pack(Ping(self._pings)))
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
        if child.output.fd in ready and not child.output.read():
            child.output.close()
        if child.pidfd in ready:
            self._bury('')
            return
        silent_s = time.monotonic() - self._heard_s
        if not self._ready:
            if time.monotonic() - child.began_s > self._patience.start_s:
                self._bury(f'it did not come up within {self._patience.start_s:g} s')
        elif silent_s > self._patience.silence_s:
            self._bury(f'it hung: no sign of life for {silent_s:.0f} s')

    def _poll(self, child: Child) -> set[int]:
        poll = select.poll()
        poll.register(child.wire_fd, select.POLLIN | (select.POLLOUT if child.has_outgoing else 0))
        if child.output.fd >= 0:
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
                self.said = message.status
            elif isinstance(message, Pong):
                if message.number == self._pings:
                    self.round_trip_s = self._heard_s - self._pinged_s
            elif isinstance(message, Hello):
                self._ready, self._replaced_s = True, time.monotonic()
                self.names = {str(role): name for role, name in message.names.items()}
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
        with self.changed:
            was_ready, self._ready = self._ready, False
        # one that hangs, lies, or is amid its imports would not listen
        is_going = not reason or (reason == CLOSED and was_ready)
        status = child.end(_LAST_BREATH_S if is_going else 0.0)
        reason, lines = reason or self._told, child.output.last_lines()
        text = (how_it_died(child.pid, reason, status, lines) if was_ready
                else did_not_start(self._config.python, reason, status, lines))
        child.close()
        with self.changed:
            self._child = None
            self.said, self.round_trip_s = None, math.nan
            while self._posted:
                for fd in self._posted.popleft()[1]:
                    os.close(fd)
            self._listener.gone(text)
            self.changed.notify_all()
        if self._closed:
            return
        if time.monotonic() - child.began_s > self._patience.steady_s:
            self._failures = 0
        if was_ready:
            self._pause(text, self._failures + 1)
        else:
            self._refuse(text)

    def _refuse(self, text: str) -> None:
        """A start came to nothing: it would again if it were tried at once."""
        self._pause(text, max(2, self._failures + 1))
        with self.changed:
            self._refusals += 1
            self.changed.notify_all()

    def _pause(self, text: str, failures: int) -> None:
        pause_s = self._patience.pause_s(failures)
        when = 'when it is needed' if not self._config.preload else (
            f'in {pause_s:g} s' if pause_s else 'at once')
        _log.warning('%s; it is started again %s', text, when)
        with self.changed:
            self._failures = failures
            self._trouble = text
            self._not_before_s = time.monotonic() + pause_s
            self._wanted = self._config.preload
            self.changed.notify_all()
