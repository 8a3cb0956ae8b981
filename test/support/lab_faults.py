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



"""What goes wrong in models, on order."""

from __future__ import annotations

import ctypes
import os
import signal
import time

from spatialclaw_ros.errors import (
    DependencyError,
    ModelMemoryError,
    PerceptionError,
    PerceptionUnavailableError,
    WeightsError,
)


def fault(kind: str, name: str) -> None:
    """Have a fault.

    Args:
        kind: 'weights', 'dependency', 'memory', 'perception', 'unavailable' (errors of the
            package), 'runtime' (a RuntimeError of two lines), 'value' (a ValueError),
            'torch_memory' (an error of the name that torch's has), 'cuda_memory' (a RuntimeError of
            CUDA's), 'poison' (what torch says after a device-side assert), 'hang' (until the
            process ends), 'exit' (`os._exit(3)`), 'kill' (SIGKILL), 'segfault'.
        name: of the model, for messages.
    """
    if kind == 'hang':
        while True:
            time.sleep(3600)
    if kind == 'exit':
        os._exit(3)
    if kind == 'kill':
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == 'segfault':
        ctypes.string_at(0)
    raise _errors(name)[kind]


class OutOfMemoryError(RuntimeError):
    """Has the name, and the base, of torch's."""


def _errors(name: str) -> dict[str, Exception]:
    return {
        'weights': WeightsError(f'{name}: no weights in /models/lab; copy them there'),
        'dependency': DependencyError(f'{name} needs the package lab; pip install lab'),
        'memory': ModelMemoryError(f'{name} asked for 9.9 GiB, 1.1 of 8.0 GiB are free'),
        'perception': PerceptionError(f'{name} can not do that; ask for something else'),
        'unavailable': PerceptionUnavailableError(f'{name} is not there'),
        'runtime': RuntimeError('sizes of tensors must match\nand many more lines'),
        'torch_memory': OutOfMemoryError('CUDA out of memory. Tried to allocate 9.90 GiB.'),
        'cuda_memory': RuntimeError('CUDA error: out of memory\nCUDA kernel errors ...'),
        'poison': RuntimeError('CUDA error: device-side assert triggered\nCUDA kernel errors ...'),
        'value': ValueError('depth[0] must be an (h, w) map of numbers'),
    }
