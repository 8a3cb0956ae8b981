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


"""How much of a query's time and of its bytes is the framework's, model and tools apart."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from agent_queries import PLAN, Queries, reply, script
from bench_cells import FRAMES
from bench_peer import Peer
from bench_run import Findings
from bench_table import Row, faster
from ready_model import ReadyModel, Request

# queries come seconds apart; a spare worker is ready again long before this has passed
_PAUSE_S = 0.5
_SHOWN_PER_QUERY = 4
_THINKING_S = 2.0


def first_requests(
    findings: Findings, model: ReadyModel, ours: Queries, plain: Peer, short: bool,
) -> None:
    """From the query to its first requests."""
    plain.ask('nothing', 0)  # it draws its frames first
    first, with_frames = [], []
    _ask(model, ours.ask, script([]))  # byte code, page cache
    for _ in range(4 if short else 30):
        time.sleep(_PAUSE_S)
        began_s, requests = _ask(model, ours.ask, script([]))
        first.append(requests[0].received_s - began_s)
        with_frames.append(requests[1].received_s - began_s)
    plain_first, plain_with_frames = [], []
    for _ in range(1 if short else 5):
        began_s, requests = _ask(model, lambda: plain.ask('first', 1)[0], [PLAN, 'done'])
        plain_first.append(requests[0].received_s - began_s)
        plain_with_frames.append(requests[1].received_s - began_s)
    findings.rows += [
        Row(f'query to first request, {FRAMES} frames 768x576', first, plain_first, faster(20),
            note='the planner\'s; the reference encodes before it asks for anything, as the '
                 'official runtime does (7.2 s)'),
        Row('query to the request with the frames', with_frames, plain_with_frames, faster(20),
            note='its last byte at the server, the planner\'s request and reply included'),
    ]


def steps(
    findings: Findings, model: ReadyModel, ours: Queries, plain: Peer, short: bool,
) -> None:
    """From a reply to the request after it, the frames in every request."""
    cells = [f'x = {i}' for i in range(8 if short else 30)]
    shows = [f'show({{}}[{i}])' for i in range(_SHOWN_PER_QUERY)]
    here = [cell.format('InputImages') for cell in shows]
    there = [cell.format('frames') for cell in shows]
    queries = 2 if short else 8
    findings.rows += [
        Row('step', _steps(model, ours.ask, script(cells)),
            _steps(model, lambda: plain.ask('steps', 1)[0], _plain_script(cells)), faster(10),
            note=f'a trivial cell, {FRAMES} frames in the conversation; from the reply to the '
                 'last byte of the next request'),
        Row('step that shows a picture', _steps(model, ours.ask, script(here), queries),
            _steps(model, lambda: plain.ask('steps', 1)[0], _plain_script(there),
                   1 if short else 2),
            faster(20), note='a frame, 768x576; the reference makes a PNG of it in the kernel'),
    ]


def bare_steps(
    findings: Findings, model: ReadyModel, ours: Queries, plain: Peer, short: bool,
) -> None:
    """The same with nothing to send but text."""
    cells = [f'x = {i}' for i in range(8 if short else 30)]
    findings.rows.append(Row(
        'step, no frames in the conversation', _steps(model, ours.ask, script(cells)),
        _steps(model, lambda: plain.ask('bare_steps', 1)[0], _plain_script(cells)),
        note='for information: kernel, parsing and a request of text alone'))


def sizes(
    findings: Findings, model: ReadyModel, ours: Queries, plain: Peer, short: bool,
) -> None:
    """Bytes of requests."""
    cells = [f'x = {i}' for i in range(9)]
    _, requests = _ask(model, ours.ask, script(cells))
    _, others = _ask(model, lambda: plain.ask('steps', 1)[0], _plain_script(cells))
    findings.rows += [
        Row('request with the frames, bytes', [requests[1].bytes / 1e6], [others[1].bytes / 1e6],
            unit='MB', note='every later request holds it too, and grows by its steps'),
        Row('query of 10 steps, bytes sent', [_sum(requests)], [_sum(others)], unit='MB'),
    ]


def ahead(
    findings: Findings, model: ReadyModel, ours: Queries, without: Queries, short: bool,
) -> None:
    """What running ahead of the model saves, where the model takes its time."""
    pause_s = _THINKING_S / 2 if short else _THINKING_S
    replies = script(['recon = tools.Reconstruct(InputImages)'])
    waited: list[float] = []
    for queries in (ours, without):
        samples = []
        for _ in range(1 if short else 5):
            model.will_reply(replies, pause_s)
            queries.ask()
            assert len(model.requests()) == len(replies)
            samples.append(queries.tools_s)
        waited.append(statistics.median(samples))
    findings.facts.append(
        f'tools.Reconstruct of {FRAMES} frames, as the cell waits for it with a model that takes '
        f'{pause_s:g} s for each reply: {1e3 * waited[0]:.0f} ms when it ran ahead, '
        f'{1e3 * waited[1]:.0f} ms without.')


def _ask(
    model: ReadyModel, ask: Callable[[], float], replies: Sequence[str],
) -> tuple[float, list[Request]]:
    """One query: when it began, and its requests, one for each reply."""
    model.will_reply(replies)
    began_s = ask()
    requests = model.requests()
    assert len(requests) == len(replies), f'{len(requests)} requests, {len(replies)} replies'
    return began_s, requests


def _steps(
    model: ReadyModel, ask: Callable[[], float], replies: Sequence[str], queries: int = 1,
) -> list[float]:
    """Seconds from each reply with a cell to the request after it."""
    samples: list[float] = []
    for _ in range(queries):
        time.sleep(_PAUSE_S)
        _, requests = _ask(model, ask, replies)
        samples += [after.received_s - before.replied_s
                    for before, after in pairwise(requests[1:])]
    return samples


def _plain_script(cells: Sequence[str]) -> list[str]:
    return [PLAN, *map(reply, cells), 'done']


def _sum(requests: Sequence[Request]) -> float:
    return sum(request.bytes for request in requests) / 1e6
