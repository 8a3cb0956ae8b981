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


"""What a benchmark's command does: measure, print, put into a page, say what falls short."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench_page import BEGIN, END, machine, put
from bench_table import Row, shortfalls, table


@dataclass
class Findings:
    """What was measured so far.

    Args:
        rows: of the table.
        facts: sentences under it.
        faults: what is not as it must be, beside figures that fall short.
    """

    rows: list[Row] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


Part = tuple[str, Callable[[Findings], None]]
"""A name, and what measures it."""


def run(command: str, description: str, measure: Callable[[Findings, bool], None]) -> int:
    """Read the command line, measure, report.

    Args:
        command: how the user started it.
        description: for `--help`.
        measure: fills the findings; its second argument says whether the form is short.

    Returns:
        Exit status: 1 when something falls short.

    Raises:
        SystemExit: wrong arguments, or SIGTERM came: what was started is stopped then, too.
    """
    options = _parse(command, description)
    findings = Findings()
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        measure(findings, options.short)
    finally:  # what was measured before a fault is not lost
        signal.signal(signal.SIGTERM, before)
        form = 'Short form. ' if options.short else ''
        facts = ''.join(f'\n- {fact}' for fact in findings.facts)
        text = f'{form}{machine()}\n\n{table(findings.rows)}{facts}\n'
        print(text)
    if options.into is not None:
        put(text, options.into)
    failures = shortfalls(findings.rows, short=options.short)
    for failure in failures:
        print(f'falls short{" of what a short run asks for" if options.short else ""}: {failure}',
              file=sys.stderr)
    for fault in findings.faults:
        print(f'wrong: {fault}', file=sys.stderr)
    return 1 if failures or findings.faults else 0


def take(findings: Findings, parts: Sequence[Part]) -> None:
    """Measure part after part, and say how long each took."""
    for what, measure in parts:
        began_s = time.monotonic()
        measure(findings)
        print(f'measured: {what}, {time.monotonic() - began_s:.0f} s', file=sys.stderr)


def _parse(command: str, description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=command, description=description)
    parser.add_argument('--short', action='store_true', help=(
        'few samples; fails only where the best of them fall short by more than a machine that '
        'others use explains'))
    parser.add_argument('--into', type=Path, metavar='FILE', help=(
        f'put the table between {BEGIN} and {END} of a page, too'))
    return parser.parse_args()
