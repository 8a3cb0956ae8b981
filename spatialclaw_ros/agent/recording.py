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


"""A query's trace as the session writes it: a full disk ends the trace, never the query."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from spatialclaw_ros.agent.budget import AgentLimits
from spatialclaw_ros.agent.trace import TraceWriter
from spatialclaw_ros.agent.trace_store import QUEUE_BYTES

log = logging.getLogger(__name__)

Record = Callable[[Callable[[TraceWriter], None]], None]

MAX_UNFINISHED = 32


class Finishing:
    """Traces whose queries have ended, each still written by its own thread; safe from any thread.

    So an answer does not wait for the disk. When too much waits to be written already, the next
    query goes without a trace.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writers: list[TraceWriter] = []

    @property
    def has_room(self) -> bool:
        """Whether one more trace may begin."""
        with self._lock:
            self._writers = [writer for writer in self._writers if not writer.wait(0.0)]
            return len(self._writers) < MAX_UNFINISHED and sum(
                writer.waiting_bytes for writer in self._writers) < QUEUE_BYTES

    def add(self, writer: TraceWriter, error: OSError | None = None) -> None:
        """Let a trace be finished; never waits.

        Args:
            writer: of the trace.
            error: what could not be written, if that is why it ends.
        """
        writer.finish(error)
        with self._lock:
            self._writers.append(writer)

    def close(self, timeout_s: float | None = None) -> bool:
        """Wait for all of them; whether they are written."""
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        with self._lock:
            writers, self._writers = self._writers, []
        late = [writer for writer in writers if not writer.wait(
            None if until_s is None else max(0.0, until_s - time.monotonic()))]
        return not late


class Recording:
    """A trace that may be missing; call it with what to write.

    Args:
        folder: of all traces; None writes none.
        query_id: names this one's folder.
        limits: how many traces stay in the folder, and how large they may be.
        finishing: takes the trace over when the query has ended.
    """

    def __init__(
        self, folder: Path | None, query_id: str, limits: AgentLimits, finishing: Finishing,
    ) -> None:
        self._trace: TraceWriter | None = None
        self._finishing = finishing
        if folder is None:
            return
        if not finishing.has_room:
            log.warning('query %s goes without a trace: too much of earlier ones is still to be '
                        'written, the disk is slower than the queries', query_id)
            return
        try:
            self._trace = TraceWriter(
                folder, query_id, limits.trace_keep, limits.trace_mb * 1024 * 1024)
        except OSError as error:
            log.warning('query %s goes without a trace: %s', query_id, error)

    @property
    def path(self) -> Path | None:
        """Folder of the trace; None when none is written."""
        return self._trace.path if self._trace else None

    def __call__(self, write: Callable[[TraceWriter], None]) -> None:
        """Write, if there is a trace that is not closed."""
        if self._trace is None:
            return
        try:
            write(self._trace)
        except OSError as error:
            trace, self._trace = self._trace, None
            self._finishing.add(trace, error)

    def close(self) -> None:
        """Leave the trace to be finished; nothing more is written."""
        if self._trace is not None:
            self._finishing.add(self._trace)
