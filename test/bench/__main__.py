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

import sys
from collections.abc import Callable

import cell_rows
import recovery_rows
import start_rows
import tools_rows
import transfer_rows
from bench_peer import Peer
from bench_run import Findings, run, take
from bench_table import Row


def measure(findings: Findings, short: bool) -> None:
    """Take all samples, in one run, and add their rows."""
    def part(rows: Callable[[], list[Row]]) -> Callable[[Findings], None]:
        return lambda found: found.rows.extend(rows())

    with Peer('peer_jupyter.py') as jupyter, Peer('peer_smolagents.py') as smolagents:
        take(findings, [
            ('query start', part(lambda: start_rows.rows(jupyter, short=short))),
            ('cells', part(lambda: cell_rows.rows(jupyter, smolagents, short=short))),
            ('tool results', part(lambda: transfer_rows.rows(short=short))),
            ('recovery', part(lambda: recovery_rows.rows(jupyter, short=short))),
            ('tools', part(lambda: tools_rows.rows(short))),
        ])


if __name__ == '__main__':
    assert __doc__ is not None
    sys.exit(run('make bench-kernel', __doc__, measure))
