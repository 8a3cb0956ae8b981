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


"""One status of many replicas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from spatialclaw_ros.perception.served.replica import ReplicaStatus
from spatialclaw_ros.perception.status import DeviceMemory, ModelState, ModelStatus

_BEST: tuple[ModelState, ...] = ('ready', 'loading', 'unloaded', 'failed')


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
            role=role, name=name, state='loading', message='no replica runs yet, one is started')
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
