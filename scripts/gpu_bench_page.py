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


"""The page of `gpu_bench.py`: its rows as a table in Markdown, and as JSON beside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

BEGIN, END = '<!-- measured: gpu_bench.py -->', '<!-- /measured -->'
MIB = 2**20
SIZE = (480, 640)
"""Height and width of the images."""


@dataclass(frozen=True)
class Row:
    """What was measured; memory in MiB, times in milliseconds; None where it was not.

    Args:
        model: variant.
        precision: of weights and arithmetic.
        compiled: whether by torch.compile.
        call: what was asked.
        weights_mib: held while it is loaded.
        peak_mib: most that was allocated during the call, weights included.
        reserved_mib: most that torch had taken from the device.
        reckoned_mib: what perception/sizes.py says of peak, with its slack.
        first_ms: first call, in which kernels are chosen, or compiled.
        median_ms: of the calls after warming up.
        calls: how many these are.
        note: why there are no numbers.
    """

    model: str
    precision: str
    compiled: bool
    call: str
    weights_mib: float | None = None
    peak_mib: float | None = None
    reserved_mib: float | None = None
    reckoned_mib: float | None = None
    first_ms: float | None = None
    median_ms: float | None = None
    calls: int = 0
    note: str = ''


def report(rows: Sequence[Row], device: str) -> str:
    """Markdown: where it was measured, and a line for each call."""
    lines = [
        f'Measured on {device_name(device)} by `python scripts/gpu_bench.py`, random weights, '
        f'images of {SIZE[1]}x{SIZE[0]}. Memory in MiB, weights included; times in milliseconds, '
        'medians of whole calls.', '',
        '| model | precision | compiled | call | weights | peak | reserved | reckoned | first | '
        'median | calls |', '|---|---|---|---|---|---|---|---|---|---|---|']
    for row in rows:
        told = (row.note or _number(row.median_ms, 1))
        lines.append(
            f'| {row.model} | {row.precision} | {"yes" if row.compiled else ""} | {row.call} | '
            f'{_number(row.weights_mib)} | {_number(row.peak_mib)} | {_number(row.reserved_mib)} '
            f'| {_number(row.reckoned_mib)} | {_number(row.first_ms)} | {told} | '
            f'{row.calls or ""} |')
    return '\n'.join(lines) + '\n'


def device_name(device: str) -> str:
    """Name of the device, memory, what lies on it beside torch's own, and torch's version."""
    import torch

    if device != 'cuda':
        return f'a CPU (torch {torch.__version__})'
    free, total = torch.cuda.mem_get_info()
    beside = (total - free - torch.cuda.memory_reserved()) / MIB
    return (f'{torch.cuda.get_device_name()}, {total / 2**30:.1f} GiB (torch {torch.__version__}, '
            f'CUDA {torch.version.cuda}; {beside:.0f} MiB of it context, libraries and others)')


def write(text: str, rows: Sequence[Row], into: Path) -> None:
    """Put the table between the marks of a page, or make it a page; its numbers beside, as JSON."""
    page = into.read_text(encoding='utf-8') if into.is_file() else ''
    if BEGIN in page and END in page:
        before, rest = page.split(BEGIN, 1)
        text = f'{before}{BEGIN}\n{text}{END}{rest.split(END, 1)[1]}'
    into.write_text(text, encoding='utf-8')
    numbers = [asdict(row) for row in rows]
    into.with_name('gpu_bench.json').write_text(json.dumps(numbers, indent=1), encoding='utf-8')


def _number(value: float | None, digits: int = 0) -> str:
    return '' if value is None else f'{value:.{digits}f}'
