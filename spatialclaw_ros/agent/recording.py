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
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from spatialclaw_ros.agent.budget import AgentLimits
from spatialclaw_ros.agent.trace import TraceWriter

log = logging.getLogger(__name__)

Record = Callable[[Callable[[TraceWriter], None]], None]


class Recording:
    """A trace that may be missing; call it with what to write.

    Args:
        folder: of all traces; None writes none.
        query_id: names this one's folder.
        limits: how many traces stay in the folder, and how large they may be.
    """

    def __init__(self, folder: Path | None, query_id: str, limits: AgentLimits) -> None:
        self._trace: TraceWriter | None = None
        if folder is not None:
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
        """Write, if there is a trace."""
        if self._trace is None:
            return
        try:
            write(self._trace)
        except OSError as error:
            log.warning('the trace %s is cut short: %s', self._trace.path, error)
            trace, self._trace = self._trace, None
            with suppress(OSError):
                trace.close()
