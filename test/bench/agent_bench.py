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


"""Measures the agent's own time and bytes against a plain agent; fails where it falls short."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import agent_rows
import prefixes
from agent_queries import Queries
from bench_cells import FRAMES
from bench_peer import Peer
from bench_run import Findings, run, take
from ready_model import ReadyModel

from spatialclaw_ros.kernel import Kernel

# as long as ours, so that the reference sends no less for it
_SYSTEM = 'You measure things in images with Python. ' * 200

Measure = Callable[[Findings, ReadyModel, Queries, Peer, bool], None]


def measure(findings: Findings, short: bool) -> None:
    """Take all samples, in one run, and add their rows."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = stack.enter_context(ReadyModel())
        keeping = stack.enter_context(ReadyModel(folder))
        plain = stack.enter_context(Peer('peer_agent.py', str(model.port), _SYSTEM))
        kernel = stack.enter_context(Kernel())

        def asking(url: str, frames: int, *, ahead: bool = True) -> Queries:
            queries = Queries(kernel, url, frames, ahead=ahead)
            stack.callback(queries.close)
            return queries

        ours, bare = asking(model.url, FRAMES), asking(model.url, 0)
        kept, without = asking(keeping.url, 2), asking(model.url, FRAMES, ahead=False)

        def part(rows: Measure, queries: Queries) -> Callable[[Findings], None]:
            return lambda found: rows(found, model, queries, plain, short)

        take(findings, [
            ('first requests', part(agent_rows.first_requests, ours)),
            ('steps', part(agent_rows.steps, ours)),
            ('steps of text', part(agent_rows.bare_steps, bare)),
            ('bytes', part(agent_rows.sizes, ours)),
            ('running ahead',
             lambda found: agent_rows.ahead(found, model, ours, without, short)),
            ('prefixes', lambda found: prefixes.check(found, keeping, kept)),
        ])


if __name__ == '__main__':
    assert __doc__ is not None
    sys.exit(run('make bench-agent', __doc__, measure))
