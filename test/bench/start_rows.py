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


"""How soon a query's first cell has run, and what a waiting worker costs."""

from __future__ import annotations

import contextlib
import dataclasses
import time

import psutil
from bench_cells import TRIVIAL
from bench_peer import Peer
from bench_scene import observation
from bench_table import Row, below, faster

from spatialclaw_ros.kernel import Kernel, KernelLimits
from spatialclaw_ros.kernel.limits import SandboxPolicy
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation

# queries come seconds apart; a spare worker is ready again long before this has passed
_PAUSE_S = 0.5
_ROUNDS, _SHORT_ROUNDS = 3, 2


def rows(jupyter: Peer, *, short: bool) -> list[Row]:
    """Start with a spare worker, start without, memory."""
    count = 3 if short else 10
    scene = observation()
    spared: list[float] = []
    bare: list[float] = []
    cold: list[float] = []
    without = dataclasses.replace(KernelLimits(), spare_workers=0)
    with Kernel() as kernel, Kernel(limits=without) as bare_kernel:
        for warming in (kernel, bare_kernel):
            _start(warming, scene)
        jupyter.ask('cold', 1)  # writes byte code that the next ones find
        for _ in range(_SHORT_ROUNDS if short else _ROUNDS):
            cold += jupyter.ask('cold', 1 if short else count)
            for _ in range(count):
                time.sleep(_PAUSE_S)
                spared.append(_start(kernel, scene))
                time.sleep(_PAUSE_S)
                bare.append(_start(bare_kernel, scene))
    reused = jupyter.ask('reused', 6 if short else 30)
    return [
        Row('query start, 32 frames 768x576', spared, cold, faster(60),
            note='a spare worker waits, as by default; to the end of a first trivial step, against '
                 'a cold Jupyter kernel with imports and frames'),
        Row('query start without a spare', bare, cold,
            note='for information: a second query within a quarter of a second'),
        Row('query start, Jupyter kernel reused', spared, reused,
            note="for information: new frames in a kernel that keeps the last query's variables"),
        Row('kernel start, once for a node', [_zygote() for _ in range(2 if short else 5)], cold,
            note='for information: the zygote imports, and a first spare gets ready'),
        *_memory(jupyter, scene, 6 if short else 30),
    ]


def _start(kernel: Kernel, scene: Observation) -> float:
    """Seconds from nothing to the end of a first cell."""
    began_s = time.perf_counter()
    with kernel.open(scene, _no_tools) as session:
        result = session.run(TRIVIAL)
        took_s = time.perf_counter() - began_s
        assert result.error is None, result.error
    return took_s


def _zygote() -> float:
    """Seconds that a node waits once, when it starts."""
    began_s = time.perf_counter()
    with Kernel():
        return time.perf_counter() - began_s


def _memory(jupyter: Peer, scene: Observation, count: int) -> list[Row]:
    """What workers hold that is theirs alone."""
    try:
        used, spare = _private_mb(SandboxPolicy.REQUIRED, scene, count)
        how = ''
    except psutil.AccessDenied:
        used, spare = _private_mb(SandboxPolicy.OFF, scene, count)
        how = '; measured without the sandbox: a worker that is shut in shows this to root alone'
    return [
        Row('idle worker, private memory', used, jupyter.ask('memory', count), below(10), 'MB',
            note=f'USS after a first cell{how}; Jupyter: its kernel, with imports and frames'),
        Row('spare worker, private memory', spare, (), below(10), 'MB',
            note='USS of the worker that waits for a query'),
    ]


def _private_mb(
    sandbox: SandboxPolicy, scene: Observation, count: int,
) -> tuple[list[float], list[float]]:
    """USS of workers that have run a cell, and of those that wait.

    Raises:
        psutil.AccessDenied: only a user with more rights may look.
    """
    used: list[float] = []
    spare: list[float] = []
    with Kernel(sandbox=sandbox) as kernel:
        for _ in range(count):
            with kernel.open(scene, _no_tools) as session:
                session.run(TRIVIAL)
                time.sleep(_PAUSE_S)
                zygote_pid = kernel.stats().zygote_pid
                assert zygote_pid is not None
                for child in psutil.Process(zygote_pid).children():
                    with contextlib.suppress(psutil.NoSuchProcess):  # the last one's, as it goes
                        mb = child.memory_full_info().uss / 1e6
                        (used if child.pid == session.worker_pid else spare).append(mb)
    return used, spare


def _no_tools(call: ToolCall) -> ToolResult:
    return ToolResult(error=f'{call.tool} is not measured here')
