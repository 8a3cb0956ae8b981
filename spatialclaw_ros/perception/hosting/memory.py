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



"""Memory of the devices that hosted models are on, for status and messages."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus


def device_memory(device: str) -> DeviceMemory | None:
    """Memory of a device; None where no loader has imported torch, which alone knows.

    Args:
        device: as a model names it; one that is not torch's has no numbers.
    """
    if not _of_torch(device):
        return None
    from spatialclaw_ros.perception.gpu import device as gpu
    return gpu.device_memory(gpu.device_of(device))


def release(device: str) -> None:
    """Give memory that nothing refers to any more back to the device."""
    if _of_torch(device):
        from spatialclaw_ros.perception.gpu import device as gpu
        gpu.release(gpu.device_of(device))


def numbers(device: str, models: Iterable[ModelStatus]) -> str:
    """Device, total and free memory, and what each model holds, in one sentence."""
    memory = device_memory(device)
    holds = '; '.join(
        f'{each.name} holds {size(each.memory_bytes)}' if each.memory_bytes
        else f'{each.name} is {each.state}' for each in models)
    if memory is None:
        return f'{device or "the device"}: {holds}'
    name = '' if memory.name == device else f' ({memory.name})'
    return (f'{device}{name}: {size(memory.total_bytes)} in all, {size(memory.free_bytes)} free, '
            f'this process holds {size(memory.ours_bytes)}; {holds}')


def size(count: float) -> str:
    """Bytes for people."""
    return f'{count / 2**30:.1f} GiB' if count >= 2**30 else f'{count / 2**20:.0f} MiB'


def _of_torch(device: str) -> bool:
    return 'torch' in sys.modules and re.fullmatch(r'auto|cpu|cuda(:\d+)?', device) is not None
