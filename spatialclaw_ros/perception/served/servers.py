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


"""Calls of a perception server, or of the next one when it is away: handshake, retries, errors."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionMessageError, PerceptionUnavailableError
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.segment_model import ObjectMasks
from spatialclaw_ros.perception.served import codec
from spatialclaw_ros.perception.served.arrays import Mapping
from spatialclaw_ros.perception.served.buffers import Buffers
from spatialclaw_ros.perception.served.connections import Connections, HttpReply, LostError
from spatialclaw_ros.perception.served.endpoints import Endpoint, endpoints_of
from spatialclaw_ros.perception.served.faults import error_of
from spatialclaw_ros.perception.served.framing import Message, other_format
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import (
    FORMAT,
    MEDIA_TYPE,
    VERSION,
    Fault,
    ServerStatus,
)
from spatialclaw_ros.perception.served.token import VARIABLE
from spatialclaw_ros.perception.served.watch import Watch

_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _SLICE_S = 0.05, 2.0, 0.04
_REPLICA_LOST = frozenset({502, 503, 504})
_log = logging.getLogger(__name__)

Encode = Callable[[bool, float], Message]
"""The request, given whether the server is on this machine, and the seconds left."""


class Servers:
    """The servers of one client, for all threads.

    Args:
        url: one or more, separated by commas.
        token: '' for none.
        limits: of replies.
        patience_s: how long all may be away before a call fails.
        mapping: unpacks several arrays at once.
        met: told whenever a server told its status.

    Raises:
        InvalidRequestError: the URL can't be used.
    """

    def __init__(
        self, url: str, token: str, limits: WireLimits, patience_s: float,
        mapping: Mapping, met: Callable[[ServerStatus], None],
    ) -> None:
        self._mapping = mapping
        self._tell = met
        self._endpoints = endpoints_of(url)
        self._limits = limits
        self._patience_s = patience_s
        self._watch = Watch()
        self._buffers = Buffers()
        headers = {'Accept': MEDIA_TYPE, 'Content-Type': MEDIA_TYPE,
                   'User-Agent': f'spatialclaw_ros/{VERSION}'}
        if token:
            headers['Authorization'] = f'Bearer {token}'
        self._connections = [
            Connections(each, self._watch, headers, limits.body_bytes, self._buffers)
            for each in self._endpoints]
        self._met: list[ServerStatus | None] = [None] * len(self._endpoints)
        self._current = 0
        for each in self._endpoints:
            if token and each.scheme == 'http' and not each.loopback:
                _log.warning(
                    'the token of the perception server %s goes over the network unencrypted; '
                    'serve it by https', each)

    @property
    def current(self) -> Endpoint:
        """The server that was used last."""
        return self._endpoints[self._current]

    def call(
        self, role: str, encode: Encode, deadline: Deadline,
    ) -> Prediction | ObjectMasks:
        """Call a model, on the next server when one is away.

        Args:
            role: 'depth' or 'masks'.
            encode: makes the request.
            deadline: of the call.

        Raises:
            PerceptionUnavailableError: no server answers, or it lets nobody in.
            PerceptionError: as the model raised it, or its reply is unusable.
            DeadlineExceededError: no time is left.
            CanceledError: the call was cancelled.
        """
        patience = deadline.branch(self._patience_s)
        pause_s, tried = _FIRST_PAUSE_S, 0
        while True:
            deadline.check(f'a call of the perception server {self.current}')
            number = self._current
            try:
                return self._once(number, role, encode, deadline)
            except _BusyError as error:
                # it is there: worth all of the deadline
                lost, away, patience = str(error), False, deadline.branch(self._patience_s)
            except LostError as error:
                lost, away = str(error), True
                self._met[number] = None
            tried += 1
            self._current = (number + 1) % len(self._endpoints)
            if tried % len(self._endpoints):
                continue
            if away and patience.expired:
                deadline.check(f'a call of the perception server {self.current}')
                raise PerceptionUnavailableError(
                    f'{self._named()} can not be reached: {lost}; is it started, and is '
                    f'perception.url right? Check `curl {self.current}/v1/status`')
            _sleep(pause_s * random.uniform(0.5, 1.0), deadline)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def meet(self, number: int, deadline: Deadline) -> ServerStatus:
        """Ask a server who it is and how it is; raises as `call`, and `LostError`."""
        endpoint = self._endpoints[number]
        reply = self._connections[number].request('GET', '/v1/status', None, deadline)
        found = self._decoded(endpoint, reply)
        if not isinstance(found, ServerStatus):
            raise PerceptionMessageError(
                f'the perception server {endpoint} told {type(found).__name__} instead of its '
                'status')
        self._met[number] = found
        self._tell(found)
        return found

    def meet_current(self, deadline: Deadline) -> ServerStatus:
        """As `meet`, of the server that was used last, or of the next one that answers."""
        self._buffers.trim()
        for step in range(len(self._endpoints)):
            number = (self._current + step) % len(self._endpoints)
            try:
                found = self.meet(number, deadline)
            except LostError as error:
                lost = error
                continue
            self._current = number
            return found
        raise PerceptionUnavailableError(f'{self._named()} can not be reached: {lost}')

    def close(self) -> None:
        """Close all connections."""
        for each in self._connections:
            each.close()
        self._watch.close()

    def _once(
        self, number: int, role: str, encode: Encode, deadline: Deadline,
    ) -> Prediction | ObjectMasks:
        endpoint = self._endpoints[number]
        met = self._met[number] or self.meet(number, deadline)
        if not any(each.role == role for each in met.serves):
            has = ', '.join(each.role for each in met.serves) or 'none'
            raise PerceptionUnavailableError(
                f'the perception server {endpoint} has no model for {role}; it has: {has}')
        message = encode(endpoint.loopback, deadline.remaining_s)
        if message.size > met.limits.body_bytes:
            raise PerceptionMessageError(
                f'a call of {message.size} bytes is too large for the perception server '
                f'{endpoint}, which takes {met.limits.body_bytes}; ask for fewer frames')
        reply = self._connections[number].request('POST', f'/v1/{role}', message, deadline)
        found = self._decoded(endpoint, reply)
        if isinstance(found, Fault):
            if found.kind == 'busy':
                raise _BusyError(found.message)
            if found.kind == 'canceled':
                raise LostError('it is shutting down')
            raise error_of(found, str(endpoint))
        if not isinstance(found, Prediction if role == 'depth' else ObjectMasks):
            raise PerceptionMessageError(
                f'the perception server {endpoint} answered {role} by {type(found).__name__}')
        return found

    def _decoded(
        self, endpoint: Endpoint, reply: HttpReply,
    ) -> Prediction | ObjectMasks | Fault | ServerStatus:
        if reply.status in (401, 403):
            raise PerceptionUnavailableError(
                f'the perception server {endpoint} lets nobody in without its token; put the same '
                f'one into the file of perception.token_file, or into {VARIABLE}')
        version = reply.headers.get('x-spatialclaw-format', '')
        if version.isdecimal() and version != str(FORMAT):
            raise PerceptionUnavailableError(
                f'{endpoint}: ' + other_format(
                    int(version[:9]), reply.headers.get('x-spatialclaw-version', '')[:40]))
        if reply.headers.get('content-type') != MEDIA_TYPE:
            if reply.status in _REPLICA_LOST:
                raise LostError(f'HTTP status {reply.status}')
            raise PerceptionUnavailableError(
                f'{endpoint} answers, but not as a perception server does: HTTP status '
                f'{reply.status}, {reply.headers.get("content-type", "no type")[:80]!r}; '
                'is perception.url right?')
        try:
            return codec.decode_reply(reply.body, self._limits, self._mapping)
        except PerceptionMessageError as error:
            raise PerceptionMessageError(
                f'the reply of the perception server {endpoint} is unusable: {error}') from error

    def _named(self) -> str:
        names = ', '.join(map(str, self._endpoints))
        return f'the perception server{"s" if len(self._endpoints) > 1 else ""} {names}'


class _BusyError(Exception):
    """A server has as many calls as it takes; says so."""


def _sleep(seconds: float, deadline: Deadline) -> None:
    end_s = time.monotonic() + min(seconds, deadline.remaining_s)
    while time.monotonic() < end_s and not deadline.canceled:
        time.sleep(max(0.0, min(_SLICE_S, end_s - time.monotonic())))
