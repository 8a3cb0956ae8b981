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

"""Ahead of the model: likely tool calls run while it writes, and its own identical call returns.

One thread, for one query. It begins a call only while the model writes, and not at once, so that
nothing of the agent's own waits for a processor. A call that runs when a cell asks for another one
is cancelled, and begun anew when the model writes again. A result is handed out once, for exactly
the call that it answers: same tool, same arguments, same arrays.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult

log = logging.getLogger(__name__)

MAX_HELD_BYTES = 512 * 1024 * 1024
"""Results that may wait for the agent; beyond it nothing more is begun."""

AFTER_S = 0.2
"""How long the model must have been writing: requests are sent and pictures encoded by then."""

# how soon a deadline that another thread cancels is noticed
_SLICE_S = 0.05
# what an answer may wait for a call that is given up
_JOIN_S = 0.05

Handle = Callable[[ToolCall, Deadline], ToolResult]


@dataclass(frozen=True)
class AheadStats:
    """What came of running ahead.

    Args:
        used: calls that were answered from what had run already.
        wasted: calls that ran ahead and that nobody asked for, or that failed.
        saved_s: seconds that the used ones took, without those that the agent waited for them.
    """

    used: int = 0
    wasted: int = 0
    saved_s: float = 0.0


@dataclass(eq=False)
class _Running:
    """The call that runs ahead at this moment."""

    key: bytes
    call: ToolCall
    deadline: Deadline


class Ahead:
    """Runs likely calls in a thread of its own; `answer` belongs to the query's thread.

    Args:
        calls: makes the likely calls, likeliest first; runs in the thread.
        handle: answers a call, safe from any thread.
        deadline: of the query.
        after_s: how long the model must have been writing.
    """

    def __init__(
        self, calls: Callable[[], Iterable[ToolCall]], handle: Handle, deadline: Deadline,
        after_s: float = AFTER_S,
    ) -> None:
        self._calls = calls
        self._handle = handle
        self._deadline = deadline.branch()
        self._changed = threading.Condition()
        self._waiting: deque[tuple[bytes, ToolCall]] = deque()
        self._held: dict[bytes, tuple[ToolResult, float]] = {}
        self._held_bytes = 0
        self._running: _Running | None = None
        self._asked: set[bytes] = set()
        self._after_s = after_s
        self._from_s = math.inf  # when a call may begin
        self._begun = self._used = 0
        self._saved_s = 0.0
        self._thread = threading.Thread(target=self._run, name='ahead', daemon=True)
        self._thread.start()

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def stats(self) -> AheadStats:
        """So far; final after `close`."""
        with self._changed:
            return AheadStats(self._used, self._begun - self._used, self._saved_s)

    def answer(self, call: ToolCall, deadline: Deadline) -> tuple[ToolResult, bool]:
        """Answer the agent's own call.

        Args:
            call: what a cell asks.
            deadline: of the query.

        Returns:
            The result, and whether it ran ahead.

        Raises:
            DeadlineExceededError: no time is left.
            CanceledError: the query was cancelled.
        """
        start_s = time.monotonic()
        ready = self._take(key_of(call), deadline)
        if ready is not None:
            result, spent_s = ready
            with self._changed:
                self._used += 1
                self._saved_s += max(0.0, spent_s - (time.monotonic() - start_s))
            return result, True
        return self._handle(call, deadline), False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The model writes: nobody needs the tools for a while."""
        self._may_begin(time.monotonic() + self._after_s)
        try:
            yield
        finally:
            self._may_begin(math.inf)

    def _may_begin(self, from_s: float) -> None:
        with self._changed:
            self._from_s = from_s
            self._changed.notify_all()

    def close(self) -> None:
        """Cancel what runs and wait for the thread, but not long; may be called twice.

        A call that is under way ends the thread when it looks at its deadline the next time.
        """
        self._deadline.cancel()
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(_JOIN_S)
        with self._changed:
            self._held.clear()
            self._held_bytes = 0
        if self._thread.is_alive():
            log.debug('a tool call that ran ahead has yet to look at its deadline')

    def _take(self, key: bytes, deadline: Deadline) -> tuple[ToolResult, float] | None:
        """The result of an identical call, waited for if it runs; None makes way for the agent."""
        with self._changed:
            while (now := self._running) is not None and now.key == key and (
                    not now.deadline.canceled):
                deadline.check('waiting for a tool that runs already')
                self._changed.wait(min(_SLICE_S, deadline.remaining_s))
            self._asked.add(key)
            if key in self._held:
                ready = self._held.pop(key)
                self._held_bytes -= _bytes_of(ready[0])
                return ready
            if self._running is not None:
                self._running.deadline.cancel()
            return None

    def _run(self) -> None:
        """The thread: one call after the other."""
        try:
            if self._wait_for_turn():
                self._queue()
            while (running := self._next()) is not None:
                self._serve(running)
        except Exception:
            log.exception('running ahead of the model ended')
            with self._changed:
                self._running = None
                self._changed.notify_all()

    def _queue(self) -> None:
        calls = {key_of(call): call for call in self._calls()}
        with self._changed:
            self._waiting.extend(calls.items())

    def _wait_for_turn(self) -> bool:
        """Wait until the model has been writing for a while; False when the query ended."""
        with self._changed:
            while (early_s := self._from_s - time.monotonic()) > 0 and not self._deadline.expired:
                self._changed.wait(min(_SLICE_S, early_s, self._deadline.remaining_s))
            return not self._deadline.expired

    def _next(self) -> _Running | None:
        with self._changed:
            if not self._wait_for_turn():
                return None
            # who asked already has the result
            while self._waiting and self._waiting[0][0] in self._asked:
                self._waiting.popleft()
            if not self._waiting or self._held_bytes > MAX_HELD_BYTES:
                return None
            key, call = self._waiting.popleft()
            self._running = _Running(key, call, self._deadline.branch())
            self._begun += 1
            return self._running

    def _serve(self, running: _Running) -> None:
        """Run a call; one that made way for the agent comes back to the queue."""
        start_s = time.monotonic()
        result, again = None, False
        try:
            result = self._handle(running.call, running.deadline)
        except CanceledError:
            again = True
        except (DeadlineExceededError, PerceptionUnavailableError) as error:
            log.debug('nothing ran ahead: %s', error)
        with self._changed:
            self._running = None
            wanted = not self._deadline.canceled and running.key not in self._asked
            if wanted and result is not None and result.error is None:
                self._held[running.key] = result, time.monotonic() - start_s
                self._held_bytes += _bytes_of(result)
            elif again:
                self._waiting.appendleft((running.key, running.call))
                self._begun -= 1
            self._changed.notify_all()


def key_of(call: ToolCall) -> bytes:
    """Tells calls apart by all that they ask, arrays by their content."""
    seen = hashlib.blake2b(json.dumps([call.tool, dict(call.args)], sort_keys=True).encode())
    for name, array in sorted(call.arrays.items()):
        seen.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        seen.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return seen.digest()


def _bytes_of(result: ToolResult) -> int:
    return sum(array.nbytes for array in result.arrays.values())
