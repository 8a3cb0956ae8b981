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


"""Rows of the benchmark and the table that they make: medians, ratios, what is required."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal['s', 'MB', '%']
REPEATS = 30
SLACK_WHEN_SHORT = 2.0
_HEAD = ('measured', 'ours', 'reference', 'smolagents', 'ratio', 'required', 'met')


@dataclass(frozen=True)
class Required:
    """What a row must reach; made by `faster`, `within` and `below`."""

    kind: Literal['faster', 'within', 'below']
    value: float

    def __post_init__(self) -> None:
        if not self.value > 0:
            raise ValueError(f'a requirement must be positive, got {self.value}')

    def met(self, ours: float, reference: float | None, slack: float) -> bool:
        """Whether a figure reaches it, given how many times worse it may be."""
        if self.kind == 'below':
            return ours < self.value * slack
        assert reference is not None
        if self.kind == 'within':
            return ours <= self.value * slack * reference
        return reference * slack >= self.value * ours

    def __str__(self) -> str:
        return {'faster': f'{self.value:g}x faster', 'within': f'within {self.value:g}x',
                'below': f'under {self.value:g}'}[self.kind]


def faster(times: float) -> Required:
    """The reference takes at least so many times as long (or as much)."""
    return Required('faster', times)


def within(times: float) -> Required:
    """Ours takes at most so many times as long as the reference."""
    return Required('within', times)


def below(value: float) -> Required:
    """Ours is less than a number in the row's own unit, whatever the reference is."""
    return Required('below', value)


@dataclass(frozen=True)
class Row:
    """One thing measured, ours beside a reference.

    Args:
        name: what is measured.
        ours: every sample, in `unit`.
        reference: every sample of the reference; may be empty unless the requirement is a ratio.
        required: what must be reached; None for a row that is printed for information.
        unit: 's' (printed as s, ms or µs), 'MB' (10^6 bytes) or '%'.
        smolagents: every sample of smolagents' executor, where it has such a thing.
        note: printed under the table: what the reference is, and what the reader must know.
        slack: how many times worse than required the best sample of a short run may be.

    Raises:
        ValueError: there is no sample of ours, or a ratio is required and there is no reference.
    """

    name: str
    ours: Sequence[float]
    reference: Sequence[float] = ()
    required: Required | None = None
    unit: Unit = 's'
    smolagents: Sequence[float] = ()
    note: str = ''
    slack: float = SLACK_WHEN_SHORT

    def __post_init__(self) -> None:
        if not self.ours:
            raise ValueError(f'row {self.name!r} must have samples of ours, got none')
        if self.required is not None and self.required.kind != 'below' and not self.reference:
            raise ValueError(f'row {self.name!r} requires a ratio, but has no reference')

    @property
    def ratio(self) -> float | None:
        """How many times more the reference takes; None without one."""
        if not self.reference:
            return None
        return statistics.median(self.reference) / statistics.median(self.ours)

    def met(self, *, short: bool = False) -> bool:
        """Whether the row reaches what is required.

        Args:
            short: compare the best samples instead of the medians, and forgive as much as `slack`
                says, half where it says nothing: a machine that others use delays workers, which
                run at low priority, more than references.
        """
        typical, slack = (min, self.slack) if short else (statistics.median, 1.0)
        reference = typical(self.reference) if self.reference else None
        return self.required is None or self.required.met(
            typical(self.ours), reference, slack)

    def cells(self) -> tuple[str, ...]:
        """The row as the table prints it."""
        if self.ratio is None:
            ratio = ''
        elif self.required is not None and self.required.kind == 'within':
            ratio = f'1/{1 / self.ratio:.2f}'
        else:
            ratio = f'{self.ratio:.{0 if self.ratio >= 10 else 1}f}'
        required = '' if self.required is None else str(self.required)
        if self.required is not None and self.required.kind == 'below':
            required += f' {self.unit}'
        return (
            self.name, *(_shown(samples, self.unit)
                         for samples in (self.ours, self.reference, self.smolagents)),
            ratio, required, '' if self.required is None else 'yes' if self.met() else 'NO')


def table(rows: Sequence[Row]) -> str:
    """A Markdown table, then the notes.

    A figure is a median; where it comes of fewer than 30 samples their number stands behind it.
    """
    lines = [_HEAD, *(row.cells() for row in rows)]
    # only there where something is in it
    if not any(row.smolagents for row in rows):
        column = _HEAD.index('smolagents')
        lines = [(*line[:column], *line[column + 1:]) for line in lines]
    widths = [max(map(len, cells)) for cells in zip(*lines)]
    text = [_line(line, widths) for line in lines]
    text.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    notes = [f'- {row.name}: {row.note}' for row in rows if row.note]
    return '\n'.join([*text, *([''] if notes else []), *notes])


def shortfalls(rows: Sequence[Row], *, short: bool) -> list[str]:
    """Name the rows that fail a run; a short one forgives as much as each row says."""
    return [f'{row.name}: required {row.required}, ours {_shown(row.ours, row.unit)}, '
            f'reference {_shown(row.reference, row.unit) or "none"}'
            for row in rows if not row.met(short=short)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return '| ' + ' | '.join(f'{cell:<{width}}' for cell, width in zip(cells, widths)) + ' |'


def _shown(samples: Sequence[float], unit: Unit) -> str:
    if not samples:
        return ''
    few = f' (n={len(samples)})' if len(samples) < REPEATS else ''
    return _quantity(statistics.median(samples), unit) + few


def _quantity(value: float, unit: Unit) -> str:
    if unit == 's':
        scale, unit_text = (1, 's') if value >= 1 else (1e3, 'ms') if value >= 1e-3 else (1e6, 'µs')
    else:
        scale, unit_text = 1, unit
    scaled = value * scale
    return f'{scaled:.{0 if scaled >= 100 else 1 if scaled >= 10 else 2}f} {unit_text}'
