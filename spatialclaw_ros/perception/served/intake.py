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


"""How every perception server takes requests: who is let in, how much at once, how it replies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialclaw_ros.errors import PerceptionUnavailableError
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
from spatialclaw_ros.perception.served.messages import FORMAT, MEDIA_TYPE, VERSION, Fault
from spatialclaw_ros.perception.served.token import is_loopback, same_token

if TYPE_CHECKING:
    from starlette.applications import Starlette

SEND_S = 120.0
BODIES = 4
"""Bodies of the largest size that are in memory at a time; of smaller ones there are more."""

_CHUNK_BYTES = 256 * 1024
_LINGER_S = 1.0
_CLOSE = [(b'connection', b'close')]
_AGAIN = [(b'retry-after', b'1')]
_log = logging.getLogger(__name__)

Call = Callable[[Any, Any, Any], Awaitable[None]]
Answer = Callable[[np.ndarray, float], Awaitable[tuple[int, Message]]]
"""Status of HTTP and reply, given a body and when (monotonic) its request began."""


class BusyError(Exception):
    """There are as many calls as are taken, and as many wait as may."""


def make_guarded(
    depth: Call, masks: Call, status: Call, *, token: str | None,
    close: Callable[[], None] = lambda: None,
) -> Starlette:
    """The app: `POST /v1/depth`, `POST /v1/masks`, `GET /v1/status`.

    Args:
        depth: a function of ASGI, as the two that follow.
        masks: likewise.
        status: likewise.
        token: that every request must bear; None or '' lets loopback in, and nobody else.
        close: called when the server stops.
    """
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Route

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.get_running_loop().run_in_executor(None, close)

    return Starlette(
        routes=[Route('/v1/depth', _Endpoint(depth), methods=['POST']),
                Route('/v1/masks', _Endpoint(masks), methods=['POST']),
                Route('/v1/status', _Endpoint(status), methods=['GET'])],
        middleware=[Middleware(_Guard, token=token or '')], lifespan=lifespan)


class _Endpoint:
    """A function of ASGI that Starlette does not wrap."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._call(scope, receive, send)


class _Guard:
    """Lets nobody in who does not bear the token; without one, nobody but this machine."""

    def __init__(self, app: Any, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        problem = self._problem(scope) if scope['type'] == 'http' else ''
        if problem:
            await send_reply(
                send, 401, codec.encode_plain(Fault(kind='invalid', message=problem)),
                [(b'www-authenticate', b'Bearer'), *_CLOSE], linger=receive)
            return
        await self._app(scope, receive, send)

    def _problem(self, scope: Any) -> str:
        if not self._token:
            client = scope.get('client')
            if client is not None and not is_loopback(client[0]):
                return 'this server was started without a token and serves its own machine alone'
            if any(name == b'origin' for name, _ in scope['headers']):
                return 'this server was started without a token and serves no page of a browser'
            return ''
        given = [value.decode('latin-1') for name, value in scope['headers']
                 if name == b'authorization']
        scheme, _, value = (given[0] if len(given) == 1 else '').partition(' ')
        if scheme.lower() == 'bearer' and same_token(value.strip(), self._token):
            return ''
        return 'a token is needed, or another one'


class Intake:
    """Takes calls with their bodies, no more than there is room for, and sends the replies.

    Args:
        limits: of a request; `BODIES` times its `body_bytes` are in memory at most.
    """

    def __init__(self, limits: WireLimits) -> None:
        self.buffers = Buffers()
        self._most = limits.body_bytes
        self._bytes = 0
        self._taken: dict[str, int] = {}

    async def take(
        self, scope: Any, receive: Any, send: Any, answer: Answer, *, at_once: int,
        group: str = '',
    ) -> None:
        """One request, a function of ASGI but for its last arguments.

        Args:
            scope: of ASGI.
            receive: likewise.
            send: likewise.
            answer: cancelled, and waited for, when the robot goes away.
            at_once: calls of the group that are taken at a time; others are sent away with 503.
            group: whose calls are counted together.
        """
        began_s = time.monotonic()
        direct = direct_of(scope)
        try:
            length = announced(scope['headers'], self._most)
            with self._room(self._most if length is None else length, group, at_once):
                body = await read_body(
                    receive, length, self._most, direct=direct, buffers=self.buffers)
                status, reply = await _answered(receive, answer(body, began_s))
                await asyncio.wait_for(send_reply(
                    send, status, reply, _AGAIN if status == STATUS['busy'] else [],
                    direct=direct), SEND_S)
        except BodyError as error:
            fault = Fault(kind='invalid', message=str(error))
            await send_reply(
                send, error.status, codec.encode_plain(fault), _CLOSE, linger=receive)
        except BusyError as error:
            status, reply = _told(error)
            await send_reply(send, status, reply, [*_AGAIN, *_CLOSE], linger=receive)
        except asyncio.TimeoutError:
            _log.warning('a robot did not read its reply within %g s', SEND_S)
        except GoneError:
            pass

    @contextlib.contextmanager
    def _room(self, size: int, group: str, at_once: int) -> Iterator[None]:
        taken = self._taken.get(group, 0)
        if taken >= at_once:
            raise BusyError(f'the server has {at_once} calls under way, its most; try again')
        if self._bytes + size > BODIES * self._most:
            raise BusyError(
                f'the calls under way fill the {BODIES * self._most} bytes that the server has '
                'for them; try again')
        self._taken[group] = taken + 1
        self._bytes += size
        try:
            yield
        finally:
            self._taken[group] -= 1
            self._bytes -= size


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
        for chunk in reply.chunks(_CHUNK_BYTES):
            await send({'type': 'http.response.body', 'body': bytes(chunk), 'more_body': True})
    if linger is not None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_drop(linger), _LINGER_S)
    await send({'type': 'http.response.body', 'body': b'', 'more_body': False})


async def _answered(receive: Receive, doing: Awaitable[tuple[int, Message]]) -> tuple[int, Message]:
    """The answer, or what is told of its failure; raises GoneError when the robot went away."""
    task = asyncio.ensure_future(doing)
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise GoneError
        return task.result()
    except (BusyError, PerceptionUnavailableError) as error:
        return _told(error)
    except GoneError:
        raise
    except Exception as error:  # outermost edge of a request; told to the robot
        _log.warning('a call failed: %s', error, exc_info=error)
        return _told(error)
    finally:
        leaving.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()


def _told(error: Exception) -> tuple[int, Message]:
    fault = Fault(kind='busy', message=str(error)) if isinstance(error, BusyError) else (
        fault_of(error))
    return STATUS[fault.kind], codec.encode_plain(fault)


async def _gone(receive: Receive) -> None:
    while (await receive())['type'] != 'http.disconnect':
        pass


async def _drop(receive: Receive) -> None:
    while (await receive()).get('more_body', False):
        pass
