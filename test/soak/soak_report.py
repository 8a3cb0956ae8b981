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


"""What a stranger reads at the end of a soak: the table, for the terminal and for a page."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from soak_fault import Fault
from soak_ledger import Ledger
from soak_memory import FILLED_H, WIDEST_MB_PER_H, Rest, Slope
from soak_plant import NODES

BEGIN, END = '<!-- soak -->', '<!-- /soak -->'


@dataclass
class Part:
    """What one node went through.

    Args:
        kind: of node.
        ledger: its queries.
        faults: that were injected.
        seconds: it lasted.
        slopes: of memory while it worked.
        rests: memory while it was inactive, after the warm-up and at the end.
        unmeasured: roles of processes without a slope that says anything.
        held: what was held after the warm-up and at the end, in words, a line for each.
        leaks: what was left over.
        rate_hz: of the pictures that went out.
    """

    kind: str
    ledger: Ledger
    faults: Sequence[Fault]
    seconds: float = 0.0
    slopes: list[Slope] = field(default_factory=list)
    rests: list[Rest] = field(default_factory=list)
    unmeasured: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    rate_hz: float = 0.0

    @property
    def never(self) -> list[str]:
        """Names of the faults that did not come."""
        return [fault.name for fault in self.faults if not self.ledger.injected[fault.name]]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    lines = ['| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths)) + ' |'
             for row in (head, *rows)]
    lines.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    return lines


def _seconds(values: Sequence[float], digits: int = 1) -> str:
    if not values:
        return '–'
    return f'{statistics.median(values):.{digits}f} / {max(values):.{digits}f}'


def _memory_lines(part: Part) -> list[str]:
    lines: list[str] = []
    if part.slopes:
        lines += ['', *_table(
            ('memory at work', 'first, MB', 'last, MB', 'slope, MB/h', '95 % of it, MB/h',
             'over, s'),
            [(f'{slope.role}, {slope.kind}', f'{slope.first_mb:.1f}', f'{slope.last_mb:.1f}',
              f'{slope.mb_per_h:+.0f}',
              f'{slope.least_mb_per_h:+.0f} to {slope.most_mb_per_h:+.0f}',
              f'{3600 * slope.hours:.0f}') for slope in part.slopes])]
    if part.unmeasured:
        lines += ['', 'Not measured at work (too few samples, or an interval wider than '
                  f'{WIDEST_MB_PER_H:g} MB/h over less than {60 * FILLED_H:g} minutes): '
                  f'{", ".join(part.unmeasured)}.']
    if len(part.rests) >= 2:
        before, after = part.rests[0], part.rests[-1]
        queries = after.queries - before.queries
        lines += ['', *_table(
            ('own memory at rest', 'after the warm-up, MB', f'{queries} queries later, MB',
             'MB in 1000 queries'),
            [(role, f'{was:.1f}', f'{now:.1f}', f'{1000 * (now - was) / max(1, queries):+.1f}')
             for role, was in before.mb.items()
             if (now := after.mb.get(role)) is not None])]
    return lines


def part_lines(part: Part) -> list[str]:
    """The tables of one node, in Markdown."""
    ledger = part.ledger
    total = sum(ledger.statuses.values())
    statuses = ', '.join(f'{count} {status}' for status, count in ledger.statuses.most_common())
    lines = [
        f'**Node `{part.kind}`** ({NODES[part.kind]}): {part.seconds:.0f} s, cameras at '
        f'{part.rate_hz:.1f} Hz, {total} queries: {statuses}. Answered in '
        f'{_seconds(ledger.took_s)} s (median / longest). {ledger.cancelled} goals were cancelled; '
        f'{len(ledger.cancels_s)} of them ended CANCELED, after {_seconds(ledger.cancels_s, 2)} s, '
        'the others had their answer already.', '',
        f'{len(part.faults) - len(part.never)} of {len(part.faults)} faults came'
        f'{", all but " + ", ".join(part.never) if part.never else ""}.', '']
    rows = []
    for fault in part.faults:
        counts = ledger.by_fault.get(fault.name)
        if not counts:
            continue
        recoveries = ledger.recoveries_s[fault.name]
        rows.append((
            fault.name, str(len(recoveries)), _seconds(recoveries),
            f'{fault.recovery_s * ledger.patience:g}', fault.text(),
            ', '.join(f'{count} {status}' for status, count in counts.most_common())))
    lines += _table(('fault', 'times', 'answers again after, s (p50 / max)', 'allowed, s',
                     'right meanwhile', 'queries meanwhile'), rows)
    lines += _memory_lines(part)
    return [*lines, '', *(part.held or ['What was held was not counted.']), '',
            f'Left over: {"; ".join(part.leaks) or "nothing"}.', '']


def report(parts: Sequence[Part], seed: int) -> str:
    """All of it, in Markdown."""
    failures = [f'{part.kind}, {failure}' for part in parts for failure in part.ledger.failures]
    lines = [
        f'{time.strftime("%Y-%m-%d", time.gmtime())}, {platform.machine()}, '
        f'{psutil.cpu_count()} cores, Python {platform.python_version()}, seed {seed}, '
        f'{sum(part.seconds for part in parts):.0f} s.', '']
    for part in parts:
        lines += part_lines(part)
    lines.append(f'Fell short: {len(failures) or "nothing"}.')
    lines += [f'- {failure}' for failure in failures]
    return '\n'.join(lines)


def check_page(page: Path) -> str:
    """Text of a page that a report can be written into.

    Raises:
        ValueError: the page has no marks.
        OSError: it can't be read.
    """
    old = page.read_text(encoding='utf-8')
    if BEGIN not in old or END not in old:
        raise ValueError(f'{page} has no {BEGIN} … {END} to write between')
    return old


def write_into(page: Path, text: str) -> None:
    """Put the report between the marks of a page.

    Raises:
        as `check_page`.
    """
    old = check_page(page)
    before, _, rest = old.partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f'{before}{BEGIN}\n{text}\n{END}{after}', encoding='utf-8')
