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


"""What the server knows already: from step to step, and from query to query."""

from __future__ import annotations

import dataclasses

from real_vllm import VllmServer
from real_vllm_queries import LIMIT_S, QUIET, Client, brief_of, exchange_of

from spatialclaw_ros.backbone.protocol import Exchange, Turn
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.workspace.cell import CellResult, ShownImage

# The last block of what two prompts share is computed again, and so is what stands after the first
# request's turn: the mark of who speaks next.
BLOCK = 128


def known_of(exchange: Exchange) -> int:
    assert exchange.cached_tokens is not None, 'the server did not say what it knew'
    return exchange.cached_tokens


def test_each_step_is_known_but_for_its_end(
    client: Client, server: VllmServer, observation, table,
) -> None:
    backbone = client.make(max_tokens=8, extra=QUIET)
    brief = brief_of(observation, text='Is each step known?', images=8)
    queries, hits = server.metric('prefix_cache_queries_total'), server.metric(
        'prefix_cache_hits_total')
    turns: list[Turn] = []
    before: Exchange | None = None
    shares = []
    for step in range(4):
        exchange = exchange_of(backbone.write(brief, 'PLAN', turns, Deadline(LIMIT_S)))
        if before is not None:
            assert exchange.prefix_share == 1.0
            assert known_of(exchange) >= before.prompt_tokens - 2 * BLOCK
            shares.append(known_of(exchange) / exchange.prompt_tokens)
        before = exchange
        shown = ShownImage(f'mask {step}', observation.frames[20 + step].image)
        turns.append(Turn(
            f'Purpose: step {step}\n```python\nprint({step})\n```',
            CellResult(images=(shown,)), f'printed {step}', (shown,)))
    assert server.metric('prefix_cache_queries_total') > queries
    assert server.metric('prefix_cache_hits_total') - hits >= 3 * (before.prompt_tokens // 2)
    table('known from step to step', ', '.join(f'{share:.1%}' for share in shares) +
          f' of up to {before.prompt_tokens} tokens; each step shows a new picture')


def test_what_is_constant_is_known_to_the_next_query(
    client: Client, server: VllmServer, observation, table,
) -> None:
    backbone = client.make(max_tokens=8, extra=QUIET)
    first = brief_of(observation, text='How far is the wall?')
    other = brief_of(observation, text='Which wall is the nearest one to the door?')
    assert first.system == other.system
    alone = exchange_of(backbone.write(
        dataclasses.replace(first, system='', key_frames=()), 'PLAN', [], Deadline(LIMIT_S)))
    backbone.write(first, 'PLAN', [], Deadline(LIMIT_S))
    bare = exchange_of(backbone.write(
        dataclasses.replace(first, key_frames=()), 'PLAN', [], Deadline(LIMIT_S)))
    constant = bare.prompt_tokens - alone.prompt_tokens
    hits = server.metric('prefix_cache_hits_total')
    exchange = exchange_of(backbone.write(other, 'PLAN', [], Deadline(LIMIT_S)))
    assert constant > 2 * BLOCK
    assert known_of(exchange) >= constant - BLOCK
    assert server.metric('prefix_cache_hits_total') - hits == known_of(exchange)
    table('known from query to query', f'{known_of(exchange)} tokens, of which the system prompt '
          f'is {constant}')


def test_pictures_are_worked_on_once(
    client: Client, server: VllmServer, observation, table,
) -> None:
    backbone = client.make(max_tokens=8, extra=QUIET)
    first = exchange_of(backbone.write(
        brief_of(observation, text='a?', images=32), 'PLAN', [], Deadline(LIMIT_S)))
    hits = server.metric('mm_cache_hits_total')
    again = exchange_of(backbone.write(
        brief_of(observation, text='b?', images=32), 'PLAN', [], Deadline(LIMIT_S)))
    assert server.metric('mm_cache_hits_total') - hits == 32
    table('32 pictures again, another question', f'first word after {again.first_s:.1f} s, '
          f'{first.first_s:.1f} s before')
