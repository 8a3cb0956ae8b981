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


"""197 MB of a tool's results on their way from the host to a cell, query after query."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from bench_scene import Tools, observation
from bench_table import Row, below, within

from spatialclaw_ros.kernel import Kernel, KernelSession

_WARM_UP = 3
_CALL = 'recon = tools.Reconstruct(InputImages)'
_SUMS = """\
print([[float(part[f].sum()) for part in (recon.depth, recon.points, recon.points.confidence)]
       for f in recon.frame_indices])
"""


def rows(*, short: bool) -> list[Row]:
    """The way there, the first look at it, and what is left behind."""
    scene, tools = observation(), Tools()
    source = list(tools.large.values())
    target = [np.copy(array) for array in source]
    expected = f'{_sums(tools.large)}\n'
    ours: list[float] = []
    copies: list[float] = []
    reads: list[float] = []
    host_reads: list[float] = []
    grown_mb: list[float] = []
    first_mb = 0.0
    with Kernel() as kernel:
        for number in range(_WARM_UP + (8 if short else 30)):
            with kernel.open(scene, tools) as session:
                _timed(session, 'x = 1')
                began_s = time.perf_counter()
                for to, array in zip(target, source):
                    np.copyto(to, array)
                copied_s = time.perf_counter() - began_s
                took_s, _ = _timed(session, _CALL)
                read_s, printed = _timed(session, _SUMS)
                assert printed == expected
            began_s = time.perf_counter()
            _sums(tools.large)
            host_read_s = time.perf_counter() - began_s
            if number < _WARM_UP:
                first_mb = _held_mb()
                continue
            ours.append(took_s)
            copies.append(copied_s)
            reads.append(read_s)
            host_reads.append(host_read_s)
            grown_mb.append(_held_mb() - first_mb)
    return [
        Row('197 MB of tool results, host to cell', ours, copies, within(1.3),
            note='the whole step `recon = tools.Reconstruct(InputImages)` with depth, points and '
                 'confidence of 32 frames, 640x480, against np.copyto of the same bytes, warm'),
        Row('first look at all of it, in a cell', reads, host_reads,
            note='for information: 96 sums in the cell, against the same sums on the host'),
        Row('host memory that queries leave behind', grown_mb, (), below(1), unit='MB',
            note=f'private and shared memory of the host after each of these {len(grown_mb)} '
                 f'queries, above the {_WARM_UP}rd; {grown_mb[-1]:.1f} MB after the last one'),
    ]


def _timed(session: KernelSession, code: str) -> tuple[float, str]:
    began_s = time.perf_counter()
    result = session.run(code)
    took_s = time.perf_counter() - began_s
    assert result.error is None, result.error
    return took_s, result.stdout


def _sums(arrays: dict[str, np.ndarray]) -> list[list[float]]:
    """Sums of all arrays, as the cell prints them."""
    return [[float(arrays[f'{part}_{frame}'].sum()) for part in ('depth', 'points', 'confidence')]
            for frame in range(len(arrays) // 3)]


def _held_mb() -> float:
    """Memory of this process without what files back: private pages and shared memory."""
    lines = Path('/proc/self/status').read_text(encoding='utf-8').splitlines()
    fields = dict(line.split(':', 1) for line in lines)
    return sum(int(fields[key].split()[0]) for key in ('RssAnon', 'RssShmem')) * 1024 / 1e6
