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


"""Tells the model what a worker died of."""

from __future__ import annotations

import signal

from spatialclaw_ros.errors import KernelError, WireError
from spatialclaw_ros.kernel.child import WorkerTimeoutError
from spatialclaw_ros.kernel.limits import KernelLimits
from spatialclaw_ros.workspace.cell import CRASH


def diagnose(
    death: KernelError | None, status: int | None, limits: KernelLimits,
) -> tuple[str, str]:
    """Name the cause of a worker's death.

    Args:
        death: what the host noticed; None for a worker that said it ran out of memory.
        status: wait status, None when the host ended the worker.
        limits: of the session.

    Returns:
        The `CellError` kind, and a sentence without its full stop.
    """
    if death is None:
        return 'OutOfMemory', (
            f'the cell ran out of its {limits.memory_bytes >> 20} MiB of memory; '
            'use fewer frames at a time, smaller types, or delete what is not needed')
    if isinstance(death, WorkerTimeoutError):
        return 'Timeout', (
            f'the cell ran longer than the {limits.cell_timeout_s:g} s allowed and was '
            'stopped; use fewer frames or points, vectorise the loop, or split the cell')
    if isinstance(death, WireError):
        return CRASH, f'the cell broke the kernel\'s own connection ({death})'
    number = None if status is None else status & 0x7f
    if number == signal.SIGXCPU:
        return 'Timeout', (
            f'the session used up its {limits.cpu_s} s of processor time')
    if number == signal.SIGSEGV:
        return CRASH, 'the cell crashed the Python process (segmentation fault)'
    if number == signal.SIGKILL:
        return CRASH, ('the Python process was killed from outside, '
                       'perhaps because the machine ran out of memory')
    if number:
        return CRASH, f'the cell crashed the Python process (signal {number})'
    return CRASH, 'the Python process ended during the cell'
