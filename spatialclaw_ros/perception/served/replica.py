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


"""One process with models behind a server's front: runs the same app, without a network."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from typing import Any

import msgspec
import numpy as np

from spatialclaw_ros.errors import PerceptionUnavailableError
from spatialclaw_ros.perception.hosting import HostedModels
from spatialclaw_ros.perception.served.app import make_app
from spatialclaw_ros.perception.served.config import ServeConfig
from spatialclaw_ros.perception.served.direct import EXTENSION
from spatialclaw_ros.perception.served.framing import Message
from spatialclaw_ros.perception.served.joining import JoinedModels
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus

EXIT_POISONED = 70
FAILED_S = 60.0
"""A model that could not be loaded for so long, though it was tried again, has failed for good."""

_log = logging.getLogger(__name__)
_LAST_WORDS_S = 0.2  # for the reply that tells what happened


class ReplicaEndsError(Exception):
    """The process is about to end: the call should be given to another one."""


class ReplicaStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One replica.

    Args:
        pid: of its process.
        place: its GPUs, as `CUDA_VISIBLE_DEVICES` names them, of its machine; replicas of one place
            share memory.
        models: what it hosts.
        devices: of its place.
    """

    pid: int
    place: str
    models: tuple[ModelStatus, ...]
    devices: tuple[DeviceMemory, ...]


class Replica:
    """Hosts models.

    Args:
        config: of the server.
        roles: whose models.
    """

    def __init__(self, config: ServeConfig, roles: tuple[str, ...]) -> None:
        self._failure = ''
        self._told = False
        self._well_s = time.monotonic()
        self._models = JoinedModels(
            HostedModels(config.perception(roles), on_fatal=self._end), config.batching)
        # one more for each role: who asks may be there before who went away is forgotten
        calls = sum(config.role_serving(role).ongoing for role in roles) + len(roles)
        self._app = make_app(self._models, limits=config.limits, at_once=calls)

    async def answer(self, path: str, body: np.ndarray) -> tuple[int, list[np.ndarray]]:
        """What the app answers to a request.

        Args:
            path: of a call, `/v1/depth` or `/v1/masks`.
            body: (size,) uint8.

        Returns:
            Status of HTTP and the parts of the reply, (size,) uint8 each.

        Raises:
            ReplicaEndsError: another call poisoned the process. The one that did so is told, and
                not tried on the next replica, which it might poison as well.
        """
        if self._failure:
            raise ReplicaEndsError(self._failure)
        reply = await ask(self._app, path, body)
        if self._failure and reply[0] != 200:
            if self._told:
                raise ReplicaEndsError(self._failure)
            self._told = True
        return reply

    def status(self) -> ReplicaStatus:
        """How it is; never waits for a call that runs."""
        models, devices = self._models.status()
        place = f'{os.uname().nodename} {os.environ.get("CUDA_VISIBLE_DEVICES", "all")}'
        return ReplicaStatus(pid=os.getpid(), place=place, models=models, devices=devices)

    def check(self) -> None:
        """Raise when only another process helps.

        Raises:
            PerceptionUnavailableError: the models can't be loaded, or the process is poisoned.
        """
        failed = next((f'{model.name}: {model.message}' for model in self._models.status()[0]
                       if model.state == 'failed'), '')
        if not failed:
            self._well_s = time.monotonic()
        if self._failure or time.monotonic() - self._well_s > FAILED_S:
            raise PerceptionUnavailableError(self._failure or failed)

    def close(self) -> None:
        """Unload."""
        self._models.close()

    def _end(self, reason: str) -> None:
        """End the process: after such a fault every further call would fail."""
        self._failure = reason
        end_process(reason)


def end_process(reason: str) -> None:
    """End this process in a moment, so that another one takes its place.

    Args:
        reason: in one line.
    """
    _log.critical('this process ends, so that a new one takes its place: %s', reason)
    timer = threading.Timer(_LAST_WORDS_S, os._exit, (EXIT_POISONED,))
    timer.daemon = True
    timer.start()


async def ask(app: Any, path: str, body: np.ndarray) -> tuple[int, list[np.ndarray]]:
    """Hand a request to an ASGI app in this process; when this is cancelled, the app is.

    Args:
        app: to ask.
        path: of the request, a POST.
        body: (size,) uint8.

    Returns:
        Status and the body's parts, (size,) uint8 each.
    """
    exchange = _Exchange(body)
    await app({
        'type': 'http', 'asgi': {'version': '3.0'}, 'http_version': '1.1', 'method': 'POST',
        'scheme': 'http', 'path': path, 'raw_path': path.encode(), 'root_path': '',
        'query_string': b'', 'client': None, 'server': None, 'extensions': {EXTENSION: exchange},
        'headers': [(b'content-length', str(len(body)).encode())]},
        exchange.receive, exchange.send)
    return exchange.status, exchange.parts


class _Exchange:
    """A request and its reply without a connection; a `direct.Direct`."""

    def __init__(self, body: np.ndarray) -> None:
        self._body: np.ndarray | None = body
        self.status = 500
        self.parts: list[np.ndarray] = []

    async def receive(self) -> dict[str, Any]:
        body, self._body = self._body, None
        if body is not None:
            return {'type': 'http.request', 'body': body.data, 'more_body': False}
        # nobody goes away here: the task that waits is cancelled
        await asyncio.Event().wait()
        raise AssertionError('an event that nobody sets was set')

    async def send(self, message: Any) -> None:
        if message['type'] == 'http.response.start':
            self.status = message['status']
        elif message.get('body'):
            self.parts.append(np.frombuffer(message['body'], np.uint8))

    async def read_into(self, body: np.ndarray, progress: list[int]) -> bool:
        assert self._body is not None
        body[:], self._body = self._body, None
        progress[0] = len(body)
        return True

    async def write(self, message: Message) -> None:
        self.parts += [np.frombuffer(part, np.uint8) for part in message.parts if part.nbytes]
