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


"""The front of many replicas: takes requests whole and bounded, and hands them on unread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from spatialclaw_ros.errors import PerceptionUnavailableError
from spatialclaw_ros.perception.served import codec
from spatialclaw_ros.perception.served.app import Bearer, Endpoint, send_reply
from spatialclaw_ros.perception.served.bodies import BodyError, GoneError, announced, read_body
from spatialclaw_ros.perception.served.config import ServeConfig
from spatialclaw_ros.perception.served.direct import direct_of
from spatialclaw_ros.perception.served.faults import STATUS, fault_of
from spatialclaw_ros.perception.served.framing import Message
from spatialclaw_ros.perception.served.messages import VERSION, Fault, ServedModel, ServerStatus
from spatialclaw_ros.perception.served.replica import ReplicaStatus
from spatialclaw_ros.perception.served.summary import devices_of, model_of
from spatialclaw_ros.perception.served.token import is_loopback

if TYPE_CHECKING:
    from starlette.applications import Starlette

_SEND_S = 120.0
_log = logging.getLogger(__name__)
_STATUS_S = 1.0  # for so long a status is good for all robots that ask


class BusyError(Exception):
    """All replicas have all the calls that they take, and as many wait as may."""


class Replicas(Protocol):
    """The replicas of one role."""

    async def answer(self, path: str, body: np.ndarray) -> tuple[int, Sequence[np.ndarray]]:
        """What one of them answers; another one is asked when it is lost.

        Returns:
            Status of HTTP and the parts of the reply, (size,) uint8 each.

        Raises:
            BusyError: too many wait.
            PerceptionUnavailableError: several were lost one after the other.
        """
        ...

    async def statuses(self) -> Sequence[ReplicaStatus]:
        """How all of them are; those that don't tell are left out."""
        ...


def make_gateway(
    config: ServeConfig, replicas: Mapping[str, Replicas], *, token: str | None = None,
) -> Starlette:
    """The app: what `app.make_app` serves, out of many processes.

    Args:
        config: of the server.
        replicas: of each role that is served.
        token: that every request must bear; None lets loopback in, and nobody else.
    """
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Route
    gateway = _Gateway(config, replicas)
    routes = [Route(f'/v1/{role}', Endpoint(gateway.call(role)), methods=['POST'])
              for role in ('depth', 'masks')]
    guard = Middleware(Bearer, token=token) if token else Middleware(_LoopbackOnly)
    return Starlette(
        routes=[*routes, Route('/v1/status', Endpoint(gateway.status), methods=['GET'])],
        middleware=[guard])


class _Gateway:
    def __init__(self, config: ServeConfig, replicas: Mapping[str, Replicas]) -> None:
        self._config, self._replicas = config, replicas
        self._asking = asyncio.Lock()
        self._status: tuple[float, ServerStatus] | None = None

    def call(self, role: str) -> Any:
        """The endpoint of a role."""
        async def endpoint(scope: Any, receive: Any, send: Any) -> None:
            await self._call(role, scope, receive, send)
        return endpoint

    async def status(self, scope: Any, receive: Any, send: Any) -> None:
        """Who serves what, and how it is."""
        async with self._asking:
            if self._status is None or time.monotonic() - self._status[0] > _STATUS_S:
                found = await self._look()
                self._status = time.monotonic(), found
        await send_reply(send, 200, codec.encode_plain(self._status[1]))

    async def _look(self) -> ServerStatus:
        config = self._config
        roles = [role for role in config.roles if role in self._replicas]
        found = await asyncio.gather(*(self._replicas[role].statuses() for role in roles))
        serves = tuple(
            ServedModel(role=role, name=config.model(role).model,  # type: ignore[arg-type]
                        max_views=config.model(role).max_views) for role in roles)
        return ServerStatus(
            version=VERSION, serves=serves, limits=config.limits,
            models=tuple(model_of(role, config.model(role).model, each)
                         for role, each in zip(roles, found)),
            devices=devices_of([status for each in found for status in each]))

    async def _call(self, role: str, scope: Any, receive: Any, send: Any) -> None:
        replicas = self._replicas.get(role)
        most = self._config.limits.body_bytes
        try:
            if replicas is None:
                raise PerceptionUnavailableError(f'this server has no {role} model')
            direct = direct_of(scope)
            body = await read_body(
                receive, announced(scope['headers'], most), most, direct=direct)
            status, parts = await _unless_gone(receive, replicas.answer(f'/v1/{role}', body))
            reply = Message(tuple(part.data for part in parts))
            await asyncio.wait_for(send_reply(send, status, reply, direct=direct), _SEND_S)
        except BodyError as error:
            await _refuse(send, error.status, Fault(kind='invalid', message=str(error)), [
                (b'connection', b'close')])
        except BusyError as error:
            await _refuse(send, STATUS['busy'], Fault(kind='busy', message=str(error)), [
                (b'retry-after', b'1')])
        except PerceptionUnavailableError as error:
            fault = fault_of(error)
            await _refuse(send, STATUS[fault.kind], fault, [(b'connection', b'close')])
        except asyncio.TimeoutError:
            _log.warning('a robot did not read its reply within %g s', _SEND_S)
        except GoneError:
            pass


class _LoopbackOnly:
    """Without a token nobody is let in from elsewhere, whatever the server listens on."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        client = scope.get('client')
        if scope['type'] == 'http' and client is not None and not is_loopback(client[0]):
            await _refuse(send, 401, Fault(kind='invalid', message=(
                'this server was started without a token and serves its own machine alone')), [
                (b'connection', b'close')])
            return
        await self._app(scope, receive, send)


async def _unless_gone(receive: Any, doing: Any) -> tuple[int, Sequence[np.ndarray]]:
    """What is done, unless the robot goes away before."""
    task = asyncio.ensure_future(doing)
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise GoneError
        return task.result()
    finally:
        leaving.cancel()
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _gone(receive: Any) -> None:
    while (await receive())['type'] != 'http.disconnect':
        pass


async def _refuse(
    send: Any, status: int, fault: Fault, headers: list[tuple[bytes, bytes]],
) -> None:
    await send_reply(send, status, codec.encode_plain(fault), headers)
