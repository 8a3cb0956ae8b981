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


"""The app that serves models to robots, for any ASGI server: two calls and a status."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionUnavailableError
from spatialclaw_ros.perception.models import Models
from spatialclaw_ros.perception.served import codec
from spatialclaw_ros.perception.served.bodies import (
    BodyError,
    GoneError,
    Receive,
    announced,
    read_body,
)
from spatialclaw_ros.perception.served.buffers import Buffers
from spatialclaw_ros.perception.served.direct import Direct, direct_of
from spatialclaw_ros.perception.served.faults import STATUS, fault_of
from spatialclaw_ros.perception.served.framing import Message
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import (
    FORMAT,
    MEDIA_TYPE,
    VERSION,
    Fault,
    ServedModel,
    ServerStatus,
)
from spatialclaw_ros.perception.served.token import same_token

if TYPE_CHECKING:
    from starlette.applications import Starlette

CHUNK_BYTES = 256 * 1024
AT_ONCE = 8
CALL_S = 600.0
SEND_S = 120.0
_LINGER_S = 1.0
_CODEC_THREADS = 4
_log = logging.getLogger(__name__)

Work = Callable[[np.ndarray, Deadline, float], Message]


def make_app(
    models: Models, *, token: str | None = None, limits: WireLimits = WireLimits(),  # noqa: B008
    at_once: int = AT_ONCE, call_s: float = CALL_S,
) -> Starlette:
    """The app: `POST /v1/depth`, `POST /v1/masks`, `GET /v1/status`.

    Args:
        models: what it serves; closed by who made them.
        token: that every request must bear; None asks for none, which is for loopback alone.
        limits: of a request.
        at_once: calls whose bodies are in memory at a time; others are sent away with 503.
        call_s: longest time of a call, whatever the robot's deadline is.
    """
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Route
    served = _Served(models, limits, at_once, call_s)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.get_running_loop().run_in_executor(None, served.close)

    return Starlette(
        routes=[
            Route('/v1/depth', Endpoint(served.depth), methods=['POST']),
            Route('/v1/masks', Endpoint(served.masks), methods=['POST']),
            Route('/v1/status', Endpoint(served.status), methods=['GET'])],
        middleware=[Middleware(Bearer, token=token)] if token else [], lifespan=lifespan)


class Endpoint:
    """A function of ASGI that Starlette does not wrap."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._call(scope, receive, send)


class Bearer:
    """Lets nobody in who does not bear the token."""

    def __init__(self, app: Any, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope['type'] == 'http':
            given = [value.decode('latin-1') for name, value in scope['headers']
                     if name == b'authorization']
            scheme, _, value = (given[0] if len(given) == 1 else '').partition(' ')
            if scheme.lower() != 'bearer' or not same_token(value.strip(), self._token):
                await send_reply(send, 401, _text('a token is needed, or another one'), [
                    (b'www-authenticate', b'Bearer'), (b'connection', b'close')], linger=receive)
                return
        await self._app(scope, receive, send)


class _Served:
    def __init__(
        self, models: Models, limits: WireLimits, at_once: int, call_s: float,
    ) -> None:
        self._models = models
        self._limits = limits
        self._at_once = at_once
        self._call_s = call_s
        self._taken = 0
        self._buffers = Buffers()
        self._all = Deadline()
        self._calls = ThreadPoolExecutor(at_once, thread_name_prefix='perception_call')
        self._codec = ThreadPoolExecutor(_CODEC_THREADS, thread_name_prefix='perception_codec')

    def close(self) -> None:
        """Cancel what runs, and wait for it."""
        self._all.cancel()
        self._calls.shutdown()
        self._codec.shutdown()

    async def depth(self, scope: Any, receive: Any, send: Any) -> None:
        """`DepthModel.predict`."""
        await self._call(scope, receive, send, self._predict)

    async def masks(self, scope: Any, receive: Any, send: Any) -> None:
        """`SegmentModel.segment`."""
        await self._call(scope, receive, send, self._segment)

    async def status(self, scope: Any, receive: Any, send: Any) -> None:
        """Who serves what, and how it is."""
        self._buffers.trim()
        models, devices = self._models.status()
        roles: tuple[tuple[Any, Any], ...] = (
            ('depth', self._models.depth), ('masks', self._models.masks))
        serves = tuple(
            ServedModel(role=role, name=model.name, max_views=model.max_views)
            for role, model in roles if model is not None)
        await send_reply(send, 200, codec.encode_plain(ServerStatus(
            version=VERSION, serves=serves, models=models, devices=devices,
            limits=self._limits)))

    async def _call(self, scope: Any, receive: Any, send: Any, work: Work) -> None:
        began_s = time.monotonic()
        if self._taken >= self._at_once:
            busy = Fault(kind='busy', message=(
                f'the server has {self._at_once} calls under way, its most; try again'))
            await send_reply(send, STATUS['busy'], codec.encode_plain(busy), [
                (b'retry-after', b'1'), (b'connection', b'close')], linger=receive)
            return
        self._taken += 1
        try:
            body = await read_body(
                receive, announced(scope['headers'], self._limits.body_bytes),
                self._limits.body_bytes, direct=direct_of(scope), buffers=self._buffers)
            status, reply = await self._work(receive, work, body, began_s)
            await asyncio.wait_for(send_reply(
                send, status, reply, direct=direct_of(scope)), SEND_S)
        except BodyError as error:
            fault = Fault(kind='invalid', message=str(error))
            await send_reply(send, error.status, codec.encode_plain(fault), [
                (b'connection', b'close')], linger=receive)
        except asyncio.TimeoutError:
            _log.warning('a robot did not read its reply within %g s', SEND_S)
        except GoneError:
            pass
        finally:
            self._taken -= 1

    async def _work(
        self, receive: Any, work: Work, body: np.ndarray, began_s: float,
    ) -> tuple[int, Message]:
        """Let a thread do it; if the robot goes away, the thread is told."""
        deadline = self._all.branch(self._call_s)
        doing: asyncio.Future[Any] = asyncio.get_running_loop().run_in_executor(
            self._calls, _guarded, work, body, deadline, began_s)
        leaving: asyncio.Future[Any] = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            deadline.cancel()
            await doing
            raise GoneError
        except asyncio.CancelledError:
            deadline.cancel()
            raise
        finally:
            leaving.cancel()

    def _predict(self, body: np.ndarray, deadline: Deadline, began_s: float) -> Message:
        model = self._models.depth
        if model is None:
            raise PerceptionUnavailableError('this server has no depth model')
        call = codec.decode_depth_call(body, self._limits, self._codec.map)
        found = model.predict(
            call.images, call.intrinsics, call.extrinsics,
            _shorter(deadline, call.remaining_s, began_s))
        return codec.encode_prediction(found, call.accepts, self._codec.map)

    def _segment(self, body: np.ndarray, deadline: Deadline, began_s: float) -> Message:
        model = self._models.masks
        if model is None:
            raise PerceptionUnavailableError('this server has no segmentation model')
        call = codec.decode_masks_call(body, self._limits, self._codec.map)
        found = model.segment(call.job, _shorter(deadline, call.remaining_s, began_s))
        return codec.encode_masks(found, call.accepts, self._codec.map)


def _guarded(
    work: Work, body: np.ndarray, deadline: Deadline, began_s: float,
) -> tuple[int, Message]:
    """A thread's outermost edge: whatever goes wrong is told to the robot."""
    try:
        return 200, work(body, deadline, began_s)
    except Exception as error:
        fault = fault_of(error)
        if fault.kind == 'perception':
            _log.warning('a call failed: %s', error, exc_info=error)
        return STATUS[fault.kind], codec.encode_plain(fault)


def _shorter(deadline: Deadline, remaining_s: float, began_s: float) -> Deadline:
    """The robot's deadline, which has run since its request began to come."""
    call = deadline.branch(max(0.0, remaining_s - (time.monotonic() - began_s)))
    call.check('waiting for the server')
    return call


async def _gone(receive: Any) -> None:
    while (await receive())['type'] != 'http.disconnect':
        pass


async def _drop(receive: Receive) -> None:
    while (await receive()).get('more_body', False):
        pass


async def send_reply(
    send: Any, status: int, reply: Message, headers: list[tuple[bytes, bytes]] | None = None,
    *, direct: Direct | None = None, linger: Receive | None = None,
) -> None:
    """Send a message as the answer to a request.

    Args:
        send: of ASGI.
        status: of HTTP.
        reply: the body.
        headers: beside those that every answer has.
        direct: way around ASGI, where there is one.
        linger: drops what still comes of the request for a moment. Who is closed on while it sends
            loses the answer (RFC 9112, 9.6).
    """
    await send({'type': 'http.response.start', 'status': status, 'headers': [
        (b'content-type', MEDIA_TYPE.encode()), (b'content-length', str(reply.size).encode()),
        (b'x-spatialclaw-format', str(FORMAT).encode()),
        (b'x-spatialclaw-version', VERSION.encode()), *(headers or ())]})
    if direct is not None:
        await direct.write(reply)
    else:
        for chunk in reply.chunks(CHUNK_BYTES):
            await send({'type': 'http.response.body', 'body': bytes(chunk), 'more_body': True})
    if linger is not None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_drop(linger), _LINGER_S)
    await send({'type': 'http.response.body', 'body': b'', 'more_body': False})


def _text(message: str) -> Message:
    return codec.encode_plain(Fault(kind='invalid', message=message))
