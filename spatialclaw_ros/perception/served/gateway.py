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
import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from spatialclaw_ros.errors import PerceptionUnavailableError
from spatialclaw_ros.perception.served import codec
from spatialclaw_ros.perception.served.config import ServeConfig
from spatialclaw_ros.perception.served.framing import Message
from spatialclaw_ros.perception.served.intake import Intake, make_guarded, send_reply
from spatialclaw_ros.perception.served.messages import VERSION, ServedModel, ServerStatus
from spatialclaw_ros.perception.served.replica import ReplicaStatus
from spatialclaw_ros.perception.status import DeviceMemory, ModelState, ModelStatus

if TYPE_CHECKING:
    from starlette.applications import Starlette

_STATUS_S = 1.0  # for so long a status is good for all robots that ask
_BEST: tuple[ModelState, ...] = ('ready', 'loading', 'unloaded', 'failed')


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
    gateway = _Gateway(config, replicas)
    return make_guarded(
        gateway.call('depth'), gateway.call('masks'), gateway.status, token=token)


class _Gateway:
    def __init__(self, config: ServeConfig, replicas: Mapping[str, Replicas]) -> None:
        self._config, self._replicas = config, replicas
        self._intake = Intake(config.limits)
        self._asking = asyncio.Lock()
        self._status: tuple[float, ServerStatus] | None = None

    def call(self, role: str) -> Any:
        """The endpoint of a role."""
        serving = self._config.role_serving(role)
        at_once = serving.most * serving.ongoing + serving.waiting

        async def answer(body: np.ndarray, began_s: float) -> tuple[int, Message]:
            replicas = self._replicas.get(role)
            if replicas is None:
                raise PerceptionUnavailableError(f'this server has no {role} model')
            status, parts = await replicas.answer(f'/v1/{role}', body)
            return status, Message(tuple(part.data for part in parts))

        async def endpoint(scope: Any, receive: Any, send: Any) -> None:
            await self._intake.take(scope, receive, send, answer, at_once=at_once, group=role)
        return endpoint

    async def status(self, scope: Any, receive: Any, send: Any) -> None:
        """Who serves what, and how it is."""
        self._intake.buffers.trim()
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


def model_of(role: str, name: str, replicas: Sequence[ReplicaStatus]) -> ModelStatus:
    """A role's model: as the replica that is best off has it, with what all of them did.

    Args:
        role: 'depth' or 'masks'.
        name: as configured.
        replicas: those that told how they are.
    """
    models = [model for each in replicas for model in each.models if model.role == role]
    if not models:
        return ModelStatus(
            role=role, name=name, state='loading', message='no replica answers; one is started')
    best = min(models, key=lambda model: (_BEST.index(model.state), -model.progress))
    ready = sum(model.state == 'ready' for model in models)
    told = [f'{ready} of {len(models)} replicas are ready'] if len(models) > 1 else []
    told += list(dict.fromkeys(
        model.message for model in (best, *models)
        if model.message and (model is best or model.state == 'failed')))
    last_s = [model.last_s for model in models if not math.isnan(model.last_s)]
    return msgspec.structs.replace(
        best, calls=sum(model.calls for model in models), message='; '.join(told),
        memory_bytes=sum(model.memory_bytes for model in models),
        last_s=max(last_s, default=math.nan), batch=min(model.batch for model in models))


def devices_of(replicas: Sequence[ReplicaStatus]) -> tuple[DeviceMemory, ...]:
    """The GPUs of all replicas, each once; `ours` is what all replicas on it reserved."""
    found: dict[tuple[str, str], DeviceMemory] = {}
    for replica in replicas:
        for device in replica.devices:
            key = replica.place, device.name
            before = found.get(key)
            found[key] = device if before is None else msgspec.structs.replace(
                device, free_bytes=min(before.free_bytes, device.free_bytes),
                ours_bytes=before.ours_bytes + device.ours_bytes)
    return tuple(found.values())
