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


"""A server's status, asked for every few seconds by a thread of its own."""

from __future__ import annotations

import logging
import threading
import time

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, SpatialClawError
from spatialclaw_ros.perception.served.messages import ServerStatus
from spatialclaw_ros.perception.served.servers import Servers

PERIOD_S = 3.0
_TIMEOUT_S = 5.0
_log = logging.getLogger(__name__)


class Poll:
    """The last that a server told.

    Args:
        servers: that are asked.
        stop: cancelled when the client closes.

    Attributes:
        last: None before the first answer.
        problem: why none came the last time; '' if one came, or nobody asked yet.
        round_trip_s: of the last one, NaN before it.
    """

    def __init__(self, servers: Servers, stop: Deadline) -> None:
        self._servers = servers
        self._stop = stop
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.last: ServerStatus | None = None
        self.problem = ''
        self.round_trip_s = float('nan')

    def start(self) -> None:
        """Begin to ask, unless it has begun."""
        with self._lock:
            if self._thread is None and not self._stop.canceled:
                self._thread = threading.Thread(
                    target=self._run, name='perception_status', daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread; `stop` is cancelled before."""
        with self._lock:
            self._wake.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._stop.canceled:
            began_s = time.monotonic()
            problem = ''
            try:
                self.last = self._servers.meet_current(self._stop.branch(_TIMEOUT_S))
                self.round_trip_s = time.monotonic() - began_s
            except CanceledError:
                return
            except SpatialClawError as error:
                problem = str(error)
            except Exception as error:  # outermost edge of the thread: an old status would stay
                problem = f'the status can not be asked for: {type(error).__name__}: {error}'
                if problem != self.problem:
                    _log.exception('the status of a perception server can not be asked for')
            if problem != self.problem:
                _log.warning('%s', problem or 'the perception server answers again')
            self.problem = problem
            self._wake.wait(PERIOD_S)
