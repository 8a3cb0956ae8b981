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
from collections.abc import Callable
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

    Args:
        settings: of this moment.
        inactive: why the node is not active, and what to do.

    Attributes:
        over: set while the node is not about to start itself.
        waiting: how many queries wait.
    """

    def __init__(self, settings: Callable[[], Settings], inactive: Callable[[], str]) -> None:
        self.over = threading.Event()
        self.over.set()
        self._settings = settings
        self._inactive = inactive
        self._lock = threading.Lock()
        self.waiting = 0

    def wait(self, message: Any, caller: Caller) -> Failed | None:
        """Wait for the start; the query's end when it can't wait, or not that long.

        Args:
            message: the request or goal; its time runs.
            caller: who asks; hears that it waits.
        """
        settings = self._settings()
        try:
            timeout_s = request_of(message, settings).timeout_s
        except InvalidRequestError as error:
            return Failed(Status.INVALID_REQUEST, str(error), 'request')
        with self._lock:
            if self.waiting >= settings.max_concurrent + settings.max_queued:
                return Failed(
                    Status.BUSY, f'the node is starting, and {self.waiting} queries wait for that '
                    'already; ask again when it is active, or raise max_queued', 'request')
            self.waiting += 1
        try:
            return self._wait(Deadline(min(timeout_s, START_WAIT_S)), caller)
        finally:
            with self._lock:
                self.waiting -= 1

    def _wait(self, patience: Deadline, caller: Caller) -> Failed | None:
        try:
            caller.hears(caller.query_id, Starting())
        # the edge to whoever listens, who may be going just then: no fault of the query
        except Exception:
            log.warning('query %s: nobody could be told that it waits for the start',
                        caller.query_id, exc_info=True)
        while not self.over.wait(min(START_POLL_S, patience.remaining_s)):
            if caller.canceled():
                return Failed(Status.CANCELED, 'cancelled while the node started', 'queued')
            if patience.expired and patience.elapsed_s >= START_WAIT_S:
                return Failed(Status.INACTIVE, self._inactive(), 'queued')
            if patience.expired:
                return Failed(
                    Status.TIMEOUT, f'out of time after {patience.elapsed_s:.1f} s of waiting for '
                    'the start of the node; ask with a longer timeout', 'queued')
        return None
