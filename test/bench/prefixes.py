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


"""How much of each request a server that remembers prefixes has seen before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from agent_queries import Queries, script
from bench_run import Findings
from ready_model import ReadyModel

_QUESTIONS = ('How far is the mug from the table?', 'Which of the chairs is the nearest?')
_CELLS = ['x = 1', 'print(x)', 'show(InputImages[0])', 'undefined_name', 'x = 2']


def check(findings: Findings, model: ReadyModel, queries: Queries) -> None:
    """Within a query every request begins with the one before it; between queries, the rest."""
    first, second = (_conversation(model, queries, question) for question in _QUESTIONS)
    shares = [share(before, after) for before, after in pairwise(first)]
    if min(shares) < 1.0:
        findings.faults.append(
            f'a request holds {100 * min(shares):.1f} % of the one before it as its beginning, '
            'expected 100 %')
    findings.facts.append(
        f'prefix share within a query: {100 * min(shares):.0f} % of each request is the beginning '
        f'of the next one ({len(shares) + 1} requests; a failed cell and a shown picture among '
        'them).')
    one, other = text_before_pictures(first[0]), text_before_pictures(second[0])
    same = _same(one, other)
    system = first[0][0]['content']
    if not same >= len(system) or second[0][0] != first[0][0]:
        findings.faults.append('the system prompt differs from query to query')
    findings.facts.append(
        f'prefix share from query to query: the system prompt ({len(system)} characters) is the '
        f'same for every query of a robot; a second query, with another question, begins with '
        f'{100 * same / len(other):.0f} % of its text before the first picture as the first did.')


def share(before: Sequence[Any], after: Sequence[Any]) -> float:
    """Share of a conversation that another begins with, in characters of its JSON."""
    one, other = (json.dumps(messages)[:-1] for messages in (before, after))
    return _same(one, other) / len(one)


def _same(one: str, other: str) -> int:
    """Length of what two texts begin with."""
    return next((i for i, (a, b) in enumerate(zip(one, other)) if a != b),
                min(len(one), len(other)))


def text_before_pictures(messages: Sequence[dict[str, Any]]) -> str:
    """All text of a conversation up to its first picture."""
    text = ''
    for message in messages:
        content = message['content']
        for part in [{'type': 'text', 'text': content}] if isinstance(content, str) else content:
            if part['type'] != 'text':
                return text
            text += part['text']
    return text


def _conversation(
    model: ReadyModel, queries: Queries, question: str,
) -> list[list[dict[str, Any]]]:
    """Messages of the agent's requests of one query."""
    replies = script(_CELLS)
    model.will_reply(replies)
    queries.ask(question)
    _, *agent = model.requests()
    assert len(agent) == len(replies) - 1
    return [json.loads(Path(request.body).read_bytes())['messages'] for request in agent]
