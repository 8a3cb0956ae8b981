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


"""Lets queries wait while the node starts itself."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from spatialclaw_ros.agent.events import Failed
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.ros.outcome import Caller
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.progress import Starting
from spatialclaw_ros.ros.requests import request_of
from spatialclaw_ros.workspace.question import Status

log = logging.getLogger(__name__)

START_WAIT_S, START_POLL_S = 60.0, 0.05


class WaitForStart:
    """As many queries as may run and wait later wait for the start; thread-safe.

    They go on in the order in which they came, and who comes meanwhile stands behind them: none
    that waited may find its place taken.

    Args:
        settings: of this moment.
        inactive: why the node is not active, and what to do.

    Attributes:
        over: set while the node is not about to start itself.
    """

    def __init__(self, settings: Callable[[], Settings], inactive: Callable[[], str]) -> None:
        self.over = threading.Event()
        self.over.set()
        self._settings = settings
        self._inactive = inactive
        self._line: deque[str] = deque()
        self._moved = threading.Condition()

    @property
    def waiting(self) -> int:
        """How many queries wait."""
        return len(self._line)

    @property
    def holds(self) -> bool:
        """Whether a query that comes now must wait."""
        return bool(self._line) or not self.over.is_set()

    def leave(self, query_id: str) -> None:
        """Let the next one go on, again and again without harm."""
        if self._line:
            with self._moved, suppress(ValueError):
                self._line.remove(query_id)
                self._moved.notify_all()

    def wait(self, message: Any, caller: Caller) -> Failed | None:
        """Wait for the start; the query's end when it can't wait, or not that long.

        Without an end the next one waits until this one is said to `leave`.

        Args:
            message: the request or goal; its time runs.
            caller: who asks; hears that it waits.
        """
        settings = self._settings()
        try:
            timeout_s = request_of(message, settings).timeout_s
        except InvalidRequestError as error:
            return Failed(Status.INVALID_REQUEST, str(error), 'request')
        with self._moved:
            if self.waiting >= settings.max_concurrent + settings.max_queued:
                return Failed(Status.BUSY, self._crowd(), 'request')
            self._line.append(caller.query_id)
        return self._wait(Deadline(min(timeout_s, START_WAIT_S)), caller)

    def _crowd(self) -> str:
        if self.over.is_set():
            return (f'the node has just started, and {self.waiting} queries that waited for that '
                    'begin before this one; ask again in a moment, or raise max_queued')
        return (f'the node is starting, and {self.waiting} queries wait for that already; ask '
                'again when it is active, or raise max_queued')

    def _wait(self, patience: Deadline, caller: Caller) -> Failed | None:
        try:
            caller.hears(caller.query_id, Starting())
        # the edge to whoever listens, who may be going just then: no fault of the query
        except Exception:
            log.warning('query %s: nobody could be told that it waits for the start',
                        caller.query_id, exc_info=True)
        while not self._is_let_on(caller.query_id, min(START_POLL_S, patience.remaining_s)):
            if caller.canceled():
                return Failed(Status.CANCELED, 'cancelled while the node started', 'queued')
            if patience.expired and patience.elapsed_s >= START_WAIT_S:
                return Failed(Status.INACTIVE, self._inactive(), 'queued')
            if patience.expired:
                return Failed(
                    Status.TIMEOUT, f'out of time after {patience.elapsed_s:.1f} s of waiting for '
                    'the start of the node; ask with a longer timeout', 'queued')
        return None

    def _is_let_on(self, query_id: str, wait_s: float) -> bool:
        if not self.over.wait(wait_s):
            return False
        with self._moved:
            return self._moved.wait_for(lambda: self._line[0] == query_id, wait_s)
