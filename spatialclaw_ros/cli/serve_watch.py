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


"""Follows a server that starts: says how loading goes, and when it is ready."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable

import numpy as np

from spatialclaw_ros.errors import PerceptionMessageError
from spatialclaw_ros.perception.served.codec import decode_reply
from spatialclaw_ros.perception.served.messages import ServerStatus
from spatialclaw_ros.perception.served.server_plan import ServerPlan
from spatialclaw_ros.perception.status import ModelStatus

_PERIOD_S = 0.5
_ASK_S = 5.0
_TELL_EVERY_S = 5.0


class Watch:
    """Asks a server of this machine for its status until it is ready, in a thread.

    Args:
        plan: of the server.
        port: that it listens at.
        timeout_s: for loading.
        say: takes a line.
        fail: called when a model can't be loaded, or not in time.

    Attributes:
        failure: why it failed, '' else.
    """

    def __init__(
        self, plan: ServerPlan, port: int, *, timeout_s: float, say: Callable[[str], None],
        fail: Callable[[], None],
    ) -> None:
        self._plan, self._port, self._timeout_s = plan, port, timeout_s
        self._say, self._fail = say, fail
        self._stop = threading.Event()
        self._told: dict[str, tuple[str, float]] = {}
        self.failure = ''
        self._thread = threading.Thread(target=self._run, name='serve_watch', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        end_s = time.monotonic() + self._timeout_s
        while not self._stop.wait(_PERIOD_S):
            status = self._status()
            if status is not None and self._look(status):
                return
            if time.monotonic() > end_s:
                self._give_up(f'the models were not loaded within {self._timeout_s:g} s')
                return

    def _status(self) -> ServerStatus | None:
        host = self._plan.local_host
        headers = {'Authorization': f'Bearer {self._plan.token}'} if self._plan.token else {}
        connection = http.client.HTTPConnection(host, self._port, timeout=_ASK_S)
        try:
            connection.request('GET', '/v1/status', headers=headers)
            data = connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return None  # it has just been started, or is stopped
        finally:
            connection.close()
        try:
            found = decode_reply(np.frombuffer(data, np.uint8), self._plan.config.limits)
        except PerceptionMessageError:
            return None  # it is asked by more than it serves at a time, or Ray still starts
        return found if isinstance(found, ServerStatus) else None

    def _look(self, status: ServerStatus) -> bool:
        """Whether there is nothing more to wait for."""
        for model in status.models:
            if model.state == 'failed':
                self._give_up(f'{model.role} {model.name}: {model.message}')
                return True
            self._tell(model)
        waited_for = self._plan.config.preload
        if waited_for and any(model.state != 'ready' for model in status.models):
            return False
        later = '' if waited_for else '; models are loaded by their first call'
        self._say(f'ready: {self._plan.url(self._port)} ({self._plan.summary}; '
                  f'{self._plan.token_told}){later}')
        return True

    def _tell(self, model: ModelStatus) -> None:
        if model.state != 'loading':
            return
        line = f'loading {model.role} {model.name}: {model.progress:.0%}'
        what = f'{line} {model.message}'.rstrip()
        said, said_s = self._told.get(model.role, ('', -_TELL_EVERY_S))
        if what != said and time.monotonic() - said_s >= _TELL_EVERY_S:
            self._told[model.role] = what, time.monotonic()
            self._say(what)

    def _give_up(self, why: str) -> None:
        self.failure = why
        self._fail()
