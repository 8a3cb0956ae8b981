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


"""From the death of a worker to the next cell, with everything back."""

from __future__ import annotations

import dataclasses
import time

from bench_cells import CRASHING, ENDLESS, PRINTING, STUBBORN
from bench_peer import Peer
from bench_scene import Tools, observation
from bench_table import Row, faster

from spatialclaw_ros.kernel import Kernel, KernelLimits
from spatialclaw_ros.workspace.observation import Observation

_CELL_TIMEOUT_S = 0.5
_PAUSE_S = 0.2
_ROUNDS, _SHORT_ROUNDS = 3, 2
# a query's beginning: two tool results, 197 MB, random numbers, prints
_CELLS = (
    'recon = tools.Reconstruct(InputImages)',
    'near = recon.points[0][::8, ::8].reshape(-1, 3)\ncentre = np.nanmean(near, axis=0)',
    'texts = tools.OCR.read(InputImages[3])',
    PRINTING,
    'draws = np.random.rand(1000)\n'
    'depths_m = [float(np.nanmedian(recon.depth[f][::16, ::16])) for f in recon.frame_indices]')
_LOOK = """\
print(recon, near.sum(), centre, texts, i, a.shape, a[-1, -1], draws.sum(), sum(depths_m))
"""


def rows(jupyter: Peer, *, short: bool) -> list[Row]:
    """A loop that would obey an interrupt, one that would not, and a crash."""
    count = 2 if short else 10
    scene, tools = observation(), Tools()
    ours: dict[str, list[float]] = {ENDLESS: [], STUBBORN: [], CRASHING: []}
    restarted: list[float] = []
    limits = dataclasses.replace(KernelLimits(), cell_timeout_s=_CELL_TIMEOUT_S)
    with Kernel(limits=limits) as kernel:
        _recover(kernel, scene, tools, ENDLESS)
        for _ in range(_SHORT_ROUNDS if short else _ROUNDS):
            restarted += jupyter.ask('restarted', 1 if short else count)
            for code, samples in ours.items():
                samples += [_recover(kernel, scene, tools, code) for _ in range(count)]
    interrupted = jupyter.ask('interrupted', 6 if short else 30)
    lost = 'Jupyter: kernel restart, imports, frames; its variables are lost'
    return [
        Row('time-out of an endless loop to ready', ours[ENDLESS], restarted, faster(10),
            note=f'from the end of its time to the end of a next cell that has looked at all '
                 f'variables of five cells, two tool results among them. {lost}'),
        Row('the same, the loop swallows interrupts', ours[STUBBORN], restarted, faster(10),
            note=lost),
        Row('crash (segmentation fault) to ready', ours[CRASHING], restarted, faster(10),
            note=f'from the start of the cell that crashes. {lost}'),
        Row("time-out, Jupyter's own interrupt", ours[ENDLESS], interrupted,
            note='for information: where the loop obeys, a Jupyter kernel keeps its variables, and '
                 'what the loop did to them'),
    ]


def _recover(kernel: Kernel, scene: Observation, tools: Tools, fatal: str) -> float:
    """Seconds from the end of patience (from the start of a cell that crashes) to ready."""
    with kernel.open(scene, tools) as session:
        for code in _CELLS:
            result = session.run(code)
            assert result.error is None, result.error
        before = session.run(_LOOK).stdout
        asked = len(session.tool_log)
        time.sleep(_PAUSE_S)  # a model thinks between cells, for seconds
        began_s = time.perf_counter()
        death = session.run(fatal)
        after = session.run(_LOOK)
        took_s = time.perf_counter() - began_s
        assert death.restarted
        assert death.error is not None
        assert death.error.kind == ('Crash' if fatal == CRASHING else 'Timeout'), death.error
        assert after.error is None, after.error
        assert after.stdout == before, (before, after.stdout)
        assert len(session.tool_log) == asked
    return took_s - (0.0 if fatal == CRASHING else _CELL_TIMEOUT_S)
