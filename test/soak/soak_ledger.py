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


"""Every query's end beside what was wrong with the world then: which statuses are right."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from soak_clients import Ended

# how much later than its own time a query may end, how soon after a cancel, and how soon one that
# finds no place; on a quiet machine
LATE_S, CANCEL_S, BUSY_S = 2.0, 0.5, 1.0
MOST_PRINTED = 40

Right = Callable[[Ended], frozenset[str]]
"""Statuses, besides OK, that a query may end with."""


@dataclass
class Window:
    """A time in which a fault holds, or is being recovered from.

    Args:
        fault: its name.
        what: what was done, for a person.
        right: statuses that are right meanwhile.
        begin_s: monotonic clock.
        makes: what it does to the world, see `Asked.right_if`.
        end_s: None while it lasts.
    """

    fault: str
    what: str
    right: Right
    begin_s: float
    makes: str = ''
    end_s: float | None = None

    def covers(self, ended: Ended) -> bool:
        """Whether a query ran, at least in part, in it."""
        return ended.end_s >= self.begin_s and (self.end_s is None or ended.start_s <= self.end_s)


class Ledger:
    """Takes down ends of queries and failures; safe from any thread.

    Args:
        patience: what bounds in time are multiplied with.
        say: prints a line.

    Attributes:
        patience: as given.
        statuses: how often queries ended so.
        injected: how often, by fault.
        by_fault: the same while a fault lasted, '' for none.
        recoveries_s: by fault, until a query was answered again.
        cancels_s: from the cancel to the end, of those that ended CANCELED.
        cancelled: goals that were cancelled before they ended.
        took_s: of queries that were answered.
        failures: what fell short.
    """

    def __init__(self, patience: float, say: Callable[[str], object]) -> None:
        self.statuses: collections.Counter[str] = collections.Counter()
        self.injected: collections.Counter[str] = collections.Counter()
        self.by_fault: dict[str, collections.Counter[str]] = collections.defaultdict(
            collections.Counter)
        self.recoveries_s: dict[str, list[float]] = collections.defaultdict(list)
        self.cancels_s: list[float] = []
        self.cancelled = 0
        self.took_s: list[float] = []
        self.failures: list[str] = []
        self._windows: list[Window] = []
        self.patience, self._say = patience, say
        self._lock = threading.Lock()
        self._closed = False
        self._start_s = time.monotonic()

    def open(self, fault: str, what: str, right: Right, makes: str = '') -> Window:
        """A fault begins."""
        window = Window(fault, what, right, time.monotonic(), makes)
        with self._lock:
            self._windows.append(window)
            self.injected[fault] += 1
        return window

    def close(self, window: Window, recovered_s: float | None) -> None:
        """A fault is over, and so is its recovery, which took so long; None when it failed."""
        window.end_s = time.monotonic()
        with self._lock:
            # no query is as old as that
            self._windows = [one for one in self._windows
                             if one.end_s is None or window.end_s - one.end_s < 600]
            if recovered_s is not None:
                self.recoveries_s[window.fault].append(recovered_s)

    def fail(self, what: str) -> None:
        """Something fell short."""
        with self._lock:
            self._fail(what)

    def end(self) -> None:
        """The soak is cut short, and the node with it: what comes now says nothing."""
        self._closed = True

    def take(self, ended: Ended) -> None:
        """A query ended."""
        with self._lock:
            windows = [window for window in self._windows if window.covers(ended)]
            self.statuses[ended.status] += 1
            for name in {window.fault for window in windows} or {''}:
                self.by_fault[name][ended.status] += 1
            if ended.status == 'OK':
                self.took_s.append(ended.end_s - ended.start_s)
            if ended.canceled_s is not None:
                self.cancelled += 1
                if ended.status == 'CANCELED':
                    self.cancels_s.append(ended.end_s - ended.canceled_s)
            for fault in self._faults(ended, windows):
                self._fail(f'{fault}; {_described(ended, windows)}')

    def _faults(self, ended: Ended, windows: list[Window]) -> list[str]:
        right = {'OK'}.union(*(window.right(ended) for window in windows))
        found = []
        if ended.wrong and not any(window.makes in ended.right_if for window in windows):
            found.append(f'WRONG ANSWER: {ended.wrong}')
        if ended.status not in right:
            found.append(f'{ended.status} where {" or ".join(sorted(right))} is right')
        elif ended.status != 'OK' and not ended.message:
            found.append(f'{ended.status} without a message')
        spent_s = ended.end_s - ended.start_s
        if spent_s - ended.timeout_s > LATE_S * self.patience:
            found.append(f'{spent_s - ended.timeout_s:.1f} s late')
        if (ended.canceled_s is not None
                and ended.end_s - ended.canceled_s > CANCEL_S * self.patience):
            found.append(f'ended {ended.end_s - ended.canceled_s:.1f} s after it was cancelled')
        if ended.status == 'BUSY' and spent_s > BUSY_S * self.patience:
            found.append(f'BUSY only after {spent_s:.1f} s')
        return found

    def _fail(self, what: str) -> None:
        if self._closed:
            return
        self.failures.append(f'{time.monotonic() - self._start_s:.1f} s: {what}')
        if len(self.failures) <= MOST_PRINTED:
            self._say(f'FAILED at {self.failures[-1]}')


def _described(ended: Ended, windows: list[Window]) -> str:
    faults = ', '.join(f'{window.fault} ({window.what}; since {ended.end_s - window.begin_s:.1f} s)'
                       for window in windows) or 'no fault'
    cameras = ', '.join(ended.asked.cameras) or 'all cameras'
    canceled = ('' if ended.canceled_s is None
                else f', cancelled after {ended.canceled_s - ended.start_s:.2f} s')
    return (f'{ended.client} asked by {ended.way} {ended.asked.text!r} of {cameras}, '
            f'{ended.end_s - ended.start_s:.1f} of {ended.timeout_s:.0f} s{canceled}; '
            f'during {faults}; message: {ended.message or "none"}')
