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


"""One step: gate, run, summaries of variables, a look for an answer."""

from __future__ import annotations

import time

from bench_cells import PRINTED, PRINTING, TRIVIAL
from bench_floor import round_trips
from bench_peer import Peer
from bench_scene import Tools, observation
from bench_table import Row, faster

from spatialclaw_ros.kernel import Kernel, KernelSession

# ours and theirs by turns: a machine's speed changes from second to second
_ROUNDS, _SHORT_ROUNDS = 6, 2
_CELLS = 20


def rows(jupyter: Peer, smolagents: Peer, *, short: bool) -> list[Row]:
    """The trivial cell, the printing one, and what two processes need at least."""
    cells = {'trivial': TRIVIAL, 'printing': PRINTING}
    ours: dict[str, list[float]] = {name: [] for name in cells}
    theirs: dict[str, list[float]] = {name: [] for name in cells}
    quickest: dict[str, list[float]] = {name: [] for name in cells}
    interpreted: dict[str, list[float]] = {name: [] for name in cells}
    floor: list[float] = []
    with Kernel() as kernel, kernel.open(observation(), Tools()) as session:
        for name, code in cells.items():
            _step(session, code)
            for _ in range(_SHORT_ROUNDS if short else _ROUNDS):
                theirs[name] += jupyter.ask(name, _CELLS)
                ours[name] += [_step(session, code) for _ in range(_CELLS)]
                quickest[name] += jupyter.ask(f'quickest_{name}', _CELLS)
                interpreted[name] += smolagents.ask(name, _CELLS)
                floor += round_trips(_CELLS)
    return [
        Row('trivial cell, whole step', ours['trivial'], theirs['trivial'], faster(60),
            smolagents=interpreted['trivial'],
            note='gate, run, summaries, answer; Jupyter: three round trips (execute, introspect, '
                 'check for an answer); smolagents interprets in the process of its caller'),
        Row('the same, Jupyter at its quickest', ours['trivial'], quickest['trivial'],
            note='for information: IPC, no history, blocking reads instead of execute_interactive'),
        Row('cell with 1,000 lines and an array', ours['printing'], theirs['printing'], faster(30),
            smolagents=interpreted['printing'],
            note='1,000 calls of print, and (480, 640, 3) float32 of ones'),
        Row('the same, Jupyter at its quickest', ours['printing'], quickest['printing'],
            note='for information: IPC, no history, blocking reads instead of execute_interactive'),
        Row('the same, first of each 20', ours['printing'][::_CELLS], theirs['printing'][::_CELLS],
            note='for information: caches and processors have served others before'),
        Row('floor: one round trip of two processes', floor,
            note='for information: two Python processes, a socket pair, 300 bytes each way'),
    ]


def _step(session: KernelSession, code: str) -> float:
    """Seconds of one cell."""
    began_s = time.perf_counter()
    result = session.run(code)
    took_s = time.perf_counter() - began_s
    assert result.error is None, result.error
    assert result.answer is None
    assert result.stdout == (PRINTED if code == PRINTING else '')
    return took_s
