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

"""Devices of torch: which one, in which precision, and what memory is left on it."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from spatialclaw_ros.errors import DependencyError, ModelMemoryError, PerceptionUnavailableError
from spatialclaw_ros.perception.status import DeviceMemory

if TYPE_CHECKING:
    import torch

_AMPERE = 8  # first major compute capability with bf16 in its tensor cores
_UNITS = {'bytes': 1, 'B': 1, 'KiB': 2**10, 'MiB': 2**20, 'GiB': 2**30, 'TiB': 2**40}
_ASKED = re.compile(r'allocate\s+([\d.]+)\s*(bytes|B|KiB|MiB|GiB|TiB)')
# What the allocators, cuBLAS, cuDNN and a Jetson's shared memory say in plain RuntimeErrors.
_OUT_OF_MEMORY = re.compile(
    r'out of memory|not enough memory|can.t allocate memory|ALLOC_FAILED|NvMapMemAlloc|'
    r'NVML_SUCCESS == r', re.IGNORECASE)


def import_torch() -> Any:
    """Return torch.

    Raises:
        DependencyError: it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise DependencyError(
            f'models need torch, which can not be imported here ({error}); install it as '
            'docs/perception.md says, or let perception.python name an interpreter that has it, '
            'or perception.url a server') from error
    return torch


def device_of(name: str) -> torch.device:
    """Device by name.

    Args:
        name: 'auto' (the first GPU, if there is one), 'cpu', 'cuda' or 'cuda:N'.

    Raises:
        DependencyError: torch is not installed.
        PerceptionUnavailableError: a GPU that is not there, or no name of a device.
    """
    torch = import_torch()
    if not re.fullmatch(r'auto|cpu|cuda(:\d+)?', name):
        raise PerceptionUnavailableError(
            f'device must be auto, cpu, cuda or cuda:N, got {name!r}')
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == 'cpu' or (name == 'auto' and not count):
        return torch.device('cpu')
    number = int(name.partition(':')[2] or 0)
    if number >= count:
        built = f'torch {torch.__version__} sees {count} GPUs'
        if torch.version.cuda is None:
            built = f'torch {torch.__version__} is built without CUDA'
        raise PerceptionUnavailableError(
            f'device {name!r} is not there: {built}; choose "auto" or "cpu", or check the driver '
            'with nvidia-smi and install torch with CUDA')
    return torch.device('cuda', number)


def dtype_of(precision: str, device: torch.device) -> torch.dtype:
    """Type of weights and arithmetic; for `auto` see `config.ModelConfig`."""
    torch = import_torch()
    if precision == 'auto':
        if device.type != 'cuda':
            precision = 'fp32'
        else:
            major = torch.cuda.get_device_capability(device)[0]
            precision = 'bf16' if major >= _AMPERE else 'fp16'
    return {'fp32': torch.float32, 'fp16': torch.float16, 'bf16': torch.bfloat16}[precision]


def precision_of(dtype: torch.dtype) -> str:
    """Name of a type in the configuration: 'fp32', 'fp16' or 'bf16'."""
    return {'float32': 'fp32', 'float16': 'fp16', 'bfloat16': 'bf16'}[str(dtype).split('.')[-1]]


def tensor_bytes(*modules: torch.nn.Module) -> int:
    """What weights and buffers of modules hold; what they share counts once."""
    held = {}
    for module in modules:
        for tensor in (*module.parameters(), *module.buffers()):
            storage = tensor.untyped_storage()
            held[storage.data_ptr()] = storage.nbytes()
    return sum(held.values())


def device_memory(device: torch.device) -> DeviceMemory:
    """Memory of a GPU; of the machine for 'cpu'."""
    torch = import_torch()
    if device.type == 'cuda':
        free, total = torch.cuda.mem_get_info(device)
        return DeviceMemory(
            name=torch.cuda.get_device_name(device), total_bytes=total, free_bytes=free,
            ours_bytes=torch.cuda.memory_reserved(device))
    page = os.sysconf('SC_PAGE_SIZE')
    with open('/proc/self/statm', encoding='ascii') as statm:
        ours = int(statm.read().split()[1]) * page
    return DeviceMemory(
        name='cpu', total_bytes=os.sysconf('SC_PHYS_PAGES') * page,
        free_bytes=os.sysconf('SC_AVPHYS_PAGES') * page, ours_bytes=ours)


def release(device: torch.device) -> None:
    """Give memory that nothing refers to any more back to the device."""
    gc.collect()
    torch = import_torch()
    if device.type == 'cuda':
        with torch.cuda.device(device):
            torch.cuda.empty_cache()


@contextlib.contextmanager
def memory_errors(what: str, device: torch.device) -> Iterator[None]:
    """Turn torch's errors about memory into one with the numbers.

    The tensors of the frames below are let go at once. Those of the frame that holds the `with`
    are freed with the error: try again after the `except` block, not inside it.

    Args:
        what: was under way, e.g. 'sam3 on 8 images'.
        device: of the model.

    Raises:
        ModelMemoryError: the device has too little memory.
    """
    torch = import_torch()
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
        told = str(error)
        if not isinstance(error, (torch.OutOfMemoryError, MemoryError)) and (
                not _OUT_OF_MEMORY.search(told)):
            raise
        memory = device_memory(device)
        traceback.clear_frames(error.__traceback__)
        error.__traceback__ = None
        release(device)
    else:
        return
    raise ModelMemoryError(
        f'{what}: out of memory on {device} ({memory.name}){_asked(told)}: '
        f'{_size(memory.free_bytes)} of {_size(memory.total_bytes)} are free, this process holds '
        f'{_size(memory.ours_bytes)}; use fewer or smaller images, a smaller batch, a smaller '
        'model or half precision') from None


def _asked(told: str) -> str:
    match = _ASKED.search(told)
    if match is None:
        return ''
    return f', {_size(float(match[1].rstrip(".")) * _UNITS[match[2]])} more were asked for'


def _size(count: float) -> str:
    return f'{count / 2**30:.1f} GiB' if count >= 2**30 else f'{count / 2**20:.0f} MiB'
