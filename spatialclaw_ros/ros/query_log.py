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

"""The last queries and how many ended in which way, for diagnostics."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass

from spatialclaw_ros.agent.events import Answered, Refused
from spatialclaw_ros.ros.query import Outcome
from spatialclaw_ros.workspace.question import Status

KEPT = 10
TURNED_AWAY = ('BUSY', 'INACTIVE')
"""Counted only: nothing ran, and many of them would push out those that did."""
MAX_CHARS = 120


@dataclass(frozen=True)
class Ended:
    """One query that has ended.

    Args:
        query_id: the query's.
        status: how.
        client: who asked, shortened; '' for nobody in particular.
        question: as it was asked, shortened.
        said: the answer, or why there is none.
        total_s: from question to answer.
        ended_s: when, monotonic clock.
        timings: part to seconds.
    """

    query_id: str
    status: Status
    client: str
    question: str
    said: str
    total_s: float
    ended_s: float
    timings: dict[str, float]

    def line(self) -> str:
        """One line for a person."""
        who = f' for {self.client}' if self.client else ''
        ago_s = time.monotonic() - self.ended_s
        return (f'{self.status.name} in {self.total_s:.2f} s{who}, {ago_s:.0f} s ago: {self.said} '
                f'({self.question})')


class QueryLog:
    """Remembers the last `KEPT` queries, and counts all; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: deque[Ended] = deque(maxlen=KEPT)
        self._counts: Counter[Status] = Counter()

    def add(self, outcome: Outcome, client: str) -> None:
        """Remember how a query ended; nothing of what it saw."""
        end = outcome.end
        said = end.text if isinstance(end, Answered) else (
            end.reason if isinstance(end, Refused) else end.message)
        ended = Ended(
            outcome.query_id, outcome.status, shortened(client), shortened(outcome.text),
            shortened(said), outcome.timings.get('total', 0.0), time.monotonic(),
            dict(outcome.timings))
        with self._lock:
            self._counts[outcome.status] += 1
            if outcome.status.name not in TURNED_AWAY:
                self._last.append(ended)

    @property
    def last(self) -> tuple[Ended, ...]:
        """The newest first."""
        with self._lock:
            return tuple(reversed(self._last))

    @property
    def counts(self) -> dict[Status, int]:
        """Queries since the start, by how they ended."""
        with self._lock:
            return dict(sorted(self._counts.items()))


def shortened(text: str, limit: int = MAX_CHARS) -> str:
    """One line of at most so many characters."""
    text = ' '.join(text.split())
    return text if len(text) <= limit else text[:limit - 1] + '…'
