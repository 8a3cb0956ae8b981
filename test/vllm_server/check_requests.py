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


"""Requests, pictures, options and limits are what the server takes them for."""

from __future__ import annotations

import re

import pytest
from real_vllm import KEY, KEY_FRAMES, LONGEST, VllmServer
from real_vllm_queries import LIMIT_S, QUIET, Client, brief_of, exchange_of, forced, observed

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Observation

# where nobody listens
NOBODY = 9
REPLY = 'Purpose: p\nReasoning: r\nNext goal: g\n```python\nprint(1 + 1)\n```\n'


def test_a_reply_is_streamed_and_cut_off_where_asked(client: Client, observation, table) -> None:
    backbone = client.make(max_tokens=64, extra=QUIET)
    said = backbone.write(brief_of(observation), 'PLAN', [], Deadline(LIMIT_S))
    exchange = exchange_of(said)
    assert said.text
    assert (exchange.finish, exchange.completion_tokens) == ('length', 64)
    assert exchange.prompt_tokens > 2 * 24 * 18
    assert 0 < exchange.first_s < exchange.duration_s
    table('a reply of 64 tokens', f'first after {exchange.first_s:.2f} s, all after '
          f'{exchange.duration_s:.2f} s')


def test_all_key_frames_are_taken(client: Client, observation: Observation, table) -> None:
    backbone = client.make(max_tokens=8, extra=QUIET)
    few, all_ = (exchange_of(backbone.write(
        brief_of(observation, images=count), 'PLAN', [], Deadline(LIMIT_S)))
        for count in (1, KEY_FRAMES))
    # 768 x 576 pixels: 24 x 18 pieces of 32 pixels, and two marks and a name of at most 16 tokens
    for_each = (all_.prompt_tokens - few.prompt_tokens) / (KEY_FRAMES - 1)
    assert 24 * 18 + 2 <= for_each <= 24 * 18 + 18
    table(f'{KEY_FRAMES} key frames', f'{all_.sent_bytes / 1e6:.1f} MB, {all_.prompt_tokens} '
          f'tokens, first word after {all_.first_s:.1f} s')


@pytest.mark.parametrize(('opening', 'images', 'part'), [
    ('How far?', KEY_FRAMES + 1, rf'{KEY_FRAMES} image'),
    ('far ' * 60_000, 1, r'maximum context length is \d+ tokens'),
], ids=['pictures', 'text'])
def test_what_is_too_much_is_named(client: Client, opening, images, part) -> None:
    backbone = client.make(max_tokens=8, extra=QUIET)
    with pytest.raises(BackboneError, match=part):
        backbone.write(
            brief_of(observed(images), opening=opening, images=images), 'PLAN', [],
            Deadline(LIMIT_S))


def test_a_reply_gets_what_the_prompt_leaves(client: Client, observation) -> None:
    backbone = client.make(max_tokens=LONGEST // 4, extra={**QUIET, 'stop': ['e']})
    exchange = exchange_of(backbone.write(
        brief_of(observation, opening=' the' * 25_000), 'PLAN', [], Deadline(LIMIT_S)))
    assert LONGEST * 3 // 4 < exchange.prompt_tokens < LONGEST


def test_a_model_that_is_not_served_is_named(client: Client, observation) -> None:
    backbone = client.make(model='another', max_tokens=8)
    with pytest.raises(BackboneError, match='another'):
        backbone.write(brief_of(observation), 'PLAN', [], Deadline(LIMIT_S))


def test_a_key_is_asked_for_and_sent(client: Client, observation, monkeypatch) -> None:
    monkeypatch.delenv('SPATIALCLAW_API_KEY', raising=False)
    with pytest.raises(BackboneError, match=r'401.*SPATIALCLAW_API_KEY') as caught:
        client.make(max_tokens=8, key=False).write(
            brief_of(observation), 'PLAN', [], Deadline(LIMIT_S))
    assert KEY not in str(caught.value)


def test_a_server_that_is_gone_is_passed_over(client: Client, server, observation) -> None:
    backbone = client.make(max_tokens=8, extra=QUIET, before=(f'http://127.0.0.1:{NOBODY}/v1',))
    brief = brief_of(observation)
    first, second = (exchange_of(
        backbone.write(brief, 'PLAN', [], Deadline(LIMIT_S))) for _ in range(2))
    assert (first.endpoint, first.attempts) == (server.base_url, 2)
    assert (second.endpoint, second.attempts) == (server.base_url, 1)
    assert [status.healthy for status in backbone.probe(Deadline(LIMIT_S))] == [False, True]


def test_the_planner_and_the_eyes_are_served(client: Client, observation) -> None:
    backbone = client.make(max_tokens=16, extra=QUIET)
    planned = backbone.plan(brief_of(observation), Deadline(LIMIT_S))
    assert planned.text
    assert exchange_of(planned).role == 'planner'
    for kind, role in (('locate', 'locate'), ('think', 'think')):
        call = ToolCall('vlm', {'kind': kind, 'question': 'the wall', 'frame_indices': [0, 3]})
        seen = backbone.look(call, observation, Deadline(LIMIT_S))
        assert seen.text
        assert exchange_of(seen).role == role
        assert exchange_of(seen).prompt_tokens > 2 * 24 * 18


def test_the_stream_ends_at_the_closing_fence(
    client: Client, server: VllmServer, observation, table,
) -> None:
    written = server.written
    backbone = client.make(max_tokens=2000, extra=forced(REPLY, '[a-z ]{4000}'))
    said = backbone.write(brief_of(observation), 'PLAN', [], Deadline(LIMIT_S))
    assert said.text.strip() == REPLY.strip()
    assert exchange_of(said).finish == 'fence'
    spent_s = server.until(lambda: server.running == 0, 5.0, 'nothing runs after the fence')
    written = server.written - written
    assert written < 1000
    table('closing fence', f'after {exchange_of(said).completion_tokens} tokens; the server wrote '
          f'{written} of 2000 and is idle after {spent_s:.2f} s')


def test_a_reply_that_ends_with_its_fence_is_counted(client: Client, observation) -> None:
    backbone, brief = client.make(max_tokens=2000, extra=forced(REPLY)), brief_of(observation)
    said = [backbone.write(brief, 'PLAN', [], Deadline(LIMIT_S)) for _ in range(2)]
    assert [each.text.strip() for each in said] == [REPLY.strip()] * 2
    assert [exchange_of(each).finish for each in said] == ['fence'] * 2
    assert exchange_of(said[1]).cached_tokens > exchange_of(said[1]).prompt_tokens // 2


@pytest.mark.parametrize('options', [
    {'top_k': 20, 'min_p': 0.01, 'repetition_penalty': 1.05},
    {'top_p': 0.9, 'presence_penalty': 0.5, 'seed': 7},
    {'chat_template_kwargs': {'enable_thinking': False}, 'ignore_eos': True},
])
def test_options_of_the_server_are_taken(client: Client, observation, options) -> None:
    backbone = client.make(max_tokens=8, extra={**QUIET, **options})
    assert backbone.write(brief_of(observation), 'PLAN', [], Deadline(LIMIT_S)).text


def test_an_option_out_of_range_is_named(client: Client, observation) -> None:
    backbone = client.make(max_tokens=8, extra={**QUIET, 'min_p': 7})
    with pytest.raises(BackboneError, match='min_p'):
        backbone.write(brief_of(observation), 'PLAN', [], Deadline(LIMIT_S))


def test_thinking_comes_apart(client: Client, observation) -> None:
    options = {'chat_template_kwargs': {'enable_thinking': True}, 'thinking_token_budget': 12}
    said = client.make(max_tokens=48, extra=options).write(
        brief_of(observation), 'PLAN', [], Deadline(LIMIT_S))
    assert said.thinking
    assert said.text
    assert not re.search('</?think>', said.text + said.thinking)


def test_thinking_may_take_all_tokens(client: Client, observation) -> None:
    backbone = client.make(
        max_tokens=16, extra={'chat_template_kwargs': {'enable_thinking': True}})
    said = backbone.write(brief_of(observation), 'PLAN', [], Deadline(LIMIT_S))
    assert said.thinking
    assert (said.text, exchange_of(said).finish) == ('', 'length')
