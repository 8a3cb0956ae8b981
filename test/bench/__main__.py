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


"""Measures the kernel and the tools against what is used today; fails where it falls short."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import cell_rows
import recovery_rows
import start_rows
import tools_rows
import transfer_rows
from bench_page import BEGIN, END, machine, put
from bench_peer import Peer
from bench_table import Row, shortfalls, table


def main() -> int:
    """Measure, print, say what falls short.

    Returns:
        Exit status: 1 when something does.
    """
    options = parse()
    rows: list[Row] = []
    try:
        measure(rows, short=options.short)
    finally:  # what was measured before a fault is not lost
        form = 'Short form. ' if options.short else ''
        text = f'{form}{machine()}\n\n{table(rows)}\n'
        print(text)
    if options.into is not None:
        put(text, options.into)
    failures = shortfalls(rows, short=options.short)
    for failure in failures:
        print(f'falls short{", even by half" if options.short else ""}: {failure}',
              file=sys.stderr)
    return 1 if failures else 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog='make bench-kernel', description=__doc__)
    parser.add_argument('--short', action='store_true', help=(
        'few samples; fails only where the best of them reach less than half of what is required, '
        'for machines that others use'))
    parser.add_argument('--into', type=Path, metavar='FILE', help=(
        f'put the table between {BEGIN} and {END} of a page, too'))
    return parser.parse_args()


def measure(rows: list[Row], *, short: bool) -> None:
    """Take all samples, in one run, and add their rows."""
    with Peer('peer_jupyter.py') as jupyter, Peer('peer_smolagents.py') as smolagents:
        for what, take in (
            ('query start', lambda: start_rows.rows(jupyter, short=short)),
            ('cells', lambda: cell_rows.rows(jupyter, smolagents, short=short)),
            ('tool results', lambda: transfer_rows.rows(short=short)),
            ('recovery', lambda: recovery_rows.rows(jupyter, short=short)),
            ('tools', lambda: tools_rows.rows(short)),
        ):
            began_s = time.monotonic()
            rows += take()
            print(f'measured: {what}, {time.monotonic() - began_s:.0f} s', file=sys.stderr)


if __name__ == '__main__':
    sys.exit(main())
