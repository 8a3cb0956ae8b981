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
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionUnavailableError
from spatialclaw_ros.perception.models import Models
from spatialclaw_ros.perception.served import codec
from spatialclaw_ros.perception.served.faults import STATUS, fault_of
from spatialclaw_ros.perception.served.framing import Message
from spatialclaw_ros.perception.served.intake import Intake, make_guarded, send_reply
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import VERSION, ServedModel, ServerStatus

if TYPE_CHECKING:
    from starlette.applications import Starlette

AT_ONCE = 8
CALL_S = 600.0
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
        token: that every request must bear; None lets loopback in, and nobody else.
        limits: of a request.
        at_once: calls whose bodies are in memory at a time; others are sent away with 503.
        call_s: longest time of a call, whatever the robot's deadline is.
    """
    served = _Served(models, limits, at_once, call_s)
    return make_guarded(
        served.depth, served.masks, served.status, token=token, close=served.close)


class _Served:
    def __init__(
        self, models: Models, limits: WireLimits, at_once: int, call_s: float,
    ) -> None:
        self._models = models
        self._limits = limits
        self._at_once = at_once
        self._call_s = call_s
        self._intake = Intake(limits)
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
        self._intake.buffers.trim()
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
        async def answer(body: np.ndarray, began_s: float) -> tuple[int, Message]:
            return await self._work(work, body, began_s)
        await self._intake.take(scope, receive, send, answer, at_once=self._at_once)

    async def _work(
        self, work: Work, body: np.ndarray, began_s: float,
    ) -> tuple[int, Message]:
        """Let a thread do it; if the robot goes away, the thread is told."""
        deadline = self._all.branch(self._call_s)
        doing = asyncio.get_running_loop().run_in_executor(
            self._calls, _guarded, work, body, deadline, began_s)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            deadline.cancel()
            await asyncio.wait({doing})  # the place is taken until it has ended
            raise

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
