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

"""How perception is: models, memory, process or server. Plain values that cross processes."""

from __future__ import annotations

from typing import Literal

import msgspec

ModelState = Literal['unloaded', 'loading', 'ready', 'failed']


class ModelStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One model.

    Args:
        role: 'depth' or 'masks'.
        name: as configured.
        state: `failed` says in `message` why, and what to do.
        progress: of loading, in [0, 1].
        message: one line.
        device: where it runs, '' before it is loaded.
        precision: likewise.
        weights: where the weights came from.
        memory_bytes: what it holds on its device.
        calls: how many came to their end.
        last_s: duration of the last call, NaN before it.
        batch: most images at once, after halvings.
    """

    role: str
    name: str
    state: ModelState = 'unloaded'
    progress: float = 0.0
    message: str = ''
    device: str = ''
    precision: str = ''
    weights: str = ''
    memory_bytes: int = 0
    calls: int = 0
    last_s: float = float('nan')
    batch: int = 0


class DeviceMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Memory of one GPU in bytes; `ours` is what this process reserved."""

    name: str
    total_bytes: int
    free_bytes: int
    ours_bytes: int


class PerceptionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All of it.

    Args:
        where: 'node', 'process' or the server's URL.
        alive: whether process or server answers; a process that was not needed yet is not started
            and alive.
        message: one line: why it is not, or what it does.
        pid: of the process, 0 without.
        restarts: of the process.
        models: those that are configured.
        devices: GPUs in use.
        round_trip_s: of the last sign of life, NaN before it.
    """

    where: str = 'node'
    alive: bool = True
    message: str = ''
    pid: int = 0
    restarts: int = 0
    models: tuple[ModelStatus, ...] = ()
    devices: tuple[DeviceMemory, ...] = ()
    round_trip_s: float = float('nan')


def still_loading(status: PerceptionStatus) -> str:
    """What is being loaded and how far it is, in a few words; '' when nothing is."""
    return ', '.join(
        f'{model.name} {model.progress:.0%}' + (f' ({model.message})' if model.message else '')
        for model in status.models if model.state == 'loading')
