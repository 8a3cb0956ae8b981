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

"""Several servers: who serves a query, who rests, what is tried again, and when it is given up."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pytest
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import BROKEN, GARBAGE, Act, Model, cell, faults_first, script

from spatialclaw_ros.backbone.protocol import Brief, Said, Turn
from spatialclaw_ros.backbone.vllm import Limits, VllmBackbone, VllmConfig
from spatialclaw_ros.backbone.vllm.endpoints import Endpoint
from spatialclaw_ros.backbone.vllm.faults import Fault, retry_after_s
from spatialclaw_ros.backbone.vllm.keys import ApiKey
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError, CanceledError
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question

GOOD = script([cell('x = 1')])
FAST = Limits(attempts=5, rest_s=0.02)
IMPATIENT = Limits(attempts=5, rest_s=0.02, first_token_timeout_s=1.0, stall_timeout_s=1.0)


def observation() -> Observation:
    return Observation((Frame(0, 'front', 0, 'optical', np.zeros((48, 64, 3), np.uint8)),))


def brief(seen: Observation) -> Brief:
    return Brief(Question('how far?'), system='SYSTEM', planner_system='PLANNER',
                 opening='OPENING', key_frames=seen.frames)


@contextmanager
def serving(*models: Model, limits: Limits = FAST, **changes: Any) -> Iterator[
        tuple[VllmBackbone, list[ScriptedVlm]]]:
    """A backbone over a server for each model."""
    with ExitStack() as stack:
        servers = [stack.enter_context(ScriptedVlm(model)) for model in models]
        backbone = VllmBackbone(VllmConfig(
            endpoints=tuple(server.url for server in servers), model='scripted', limits=limits,
            **changes))
        stack.callback(backbone.close)
        yield backbone, servers
    assert not [each for server in servers for each in server.violations]


def write(backbone: VllmBackbone, timeout_s: float = 10.0, query: Brief | None = None) -> Said:
    return backbone.write(query or brief(observation()), 'PLAN', [], Deadline(timeout_s))


def test_a_query_stays_with_its_server_and_queries_are_shared_out() -> None:
    with serving(GOOD, GOOD) as (backbone, servers):
        views = [observation() for _ in range(6)]
        queries = [brief(view) for view in views]
        for query, view in zip(queries, views):
            backbone.plan(query, Deadline(10.0))
            turns: list[Turn] = []
            for _ in range(2):
                said = backbone.write(query, 'PLAN', turns, Deadline(10.0))
                turns.append(Turn(said.text, None, 'feedback'))
            call = ToolCall('vlm', {'kind': 'think', 'question': 'what?', 'frame_indices': [0]})
            backbone.look(call, view, Deadline(10.0))
        # all of a query at one server, and as many queries at each
        assert [len(server.of(role)) for server in servers
                for role in ('planner', 'agent', 'think')] == [3, 6, 3, 3, 6, 3]
        assert [each.queries for each in backbone.status()] == [3, 3]
        del queries[:], query
        assert [each.queries for each in backbone.status()] == [0, 0]


def test_a_query_moves_on_when_its_server_fails_and_the_failed_one_rests() -> None:
    with serving(faults_first(GOOD, *[BROKEN] * 3), GOOD, limits=Limits(rest_s=30.0)) as (
            backbone, (bad, good)):
        query = brief(observation())
        backbone.plan(query, Deadline(10.0))
        for _ in range(3):
            said = write(backbone, query=query)
        assert (len(bad.of('planner')), len(bad.of('agent')), len(good.of('agent'))) == (1, 1, 3)
        assert said.exchange is not None
        assert (said.exchange.endpoint, said.exchange.attempts) == (good.url, 1)
        first, second = backbone.status()
        assert (first.healthy, second.healthy, second.requests) == (False, True, 3)
        assert '500' in first.last_error
        assert second.latency_s is not None
        assert second.prompt_tokens > 0


def test_requests_that_fail_together_are_one_outage() -> None:
    one = Endpoint('http://127.0.0.1:9/v1', VllmConfig(limits=Limits(rest_s=10.0)), ApiKey())
    for _ in range(3):
        one.failed(Fault('the connection was cut'))
    assert 0.0 < one.rest_s <= 10.0
    one.failed(Fault('too many requests', retry_after_s=20.0))
    assert 10.0 < one.rest_s <= 20.0


def test_a_rested_server_is_asked_for_its_health_before_it_is_used() -> None:
    with serving(faults_first(GOOD, BROKEN), limits=Limits(attempts=50, rest_s=0.02,
                                                           max_rest_s=0.05)) as (backbone, (one,)):
        one.healthy = False
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(write, backbone)
            _until(lambda: one.looked_after >= 3)
            assert len(one.of('agent')) == 1
            one.healthy = True
            said = running.result(10.0)
        assert len(one.of('agent')) == 2
        assert said.exchange is not None
        assert said.exchange.attempts == 2  # questions for its health are none
        assert backbone.status()[0].healthy


@pytest.mark.parametrize('fault', [
    BROKEN, GARBAGE, Act('busy', status=503), Act('wait', status=429), Act('again', status=408),
    Act('conflict', status=409), Act(drop=True), Act('Purpose: half of it', stop_after=5, chunk=2),
    Act(silent_s=60.0), Act('slow words, then silence', chunk=5, pause_s=60.0),
], ids=str)
def test_what_passes_is_tried_again(fault: Act) -> None:
    limits = IMPATIENT if fault.silent_s or fault.pause_s else FAST
    with serving(faults_first(GOOD, fault, fault), limits=limits) as (backbone, (one,)):
        said = write(backbone)
        assert said.text.endswith('x = 1\n```')
        assert said.exchange is not None
        assert said.exchange.attempts == len(one.of('agent'))
        # on a busy machine a good reply may be late once, too
        assert said.exchange.attempts == 3 or (limits is IMPATIENT and said.exchange.attempts > 3)
        if limits is IMPATIENT:
            _until(lambda: all(seen.hung_up for seen in one.of('agent')[:2]))


@pytest.mark.parametrize(('status', 'part'), [
    (400, 'max-model-len'), (401, 'SPATIALCLAW_API_KEY'), (403, 'SPATIALCLAW_API_KEY'),
    (404, 'name'), (413, 'too large'), (422, 'extra_body'), (418, 'for good'),
])
def test_what_would_fail_again_is_final(status: int, part: str) -> None:
    with serving(faults_first(GOOD, *[Act('because of this', status=status)] * 9), GOOD) as (
            backbone, (one, other)):
        with pytest.raises(BackboneError) as caught:
            write(backbone)
        assert (len(one.of('agent')), len(other.of('agent'))) == (1, 0)
        for words in (part, str(status), 'because of this', one.url, "'scripted'", '1 attempt '):
            assert words in str(caught.value)
        assert backbone.status()[0].healthy


def test_what_goes_on_failing_is_given_up_with_the_count() -> None:
    with serving(faults_first(GOOD, *[BROKEN] * 99)) as (backbone, (one,)):
        with pytest.raises(BackboneError, match=r'answered 500.*5 attempts'):
            write(backbone)
        assert len(one.of('agent')) == 5


@pytest.mark.parametrize('form', ['number', 'date', 'milliseconds'])
def test_retry_after_is_honoured(form: str) -> None:
    headers = {'number': ('Retry-After', '1'), 'milliseconds': ('retry-after-ms', '600'),
               'date': ('Retry-After', email.utils.formatdate(time.time() + 2.0, usegmt=True))}
    busy = Act('busy', status=429, headers=(headers[form],))
    with serving(faults_first(GOOD, busy)) as (backbone, (one,)):
        write(backbone)
        first, second = one.of('agent')
        assert 0.5 < second.start_s - first.start_s < 8.0
        assert one.looked_after == 0  # busy is not ill


def test_another_server_is_not_made_to_wait() -> None:
    busy = Act('busy', status=429, headers=(('Retry-After', '20'),))
    with serving(faults_first(GOOD, busy), GOOD) as (backbone, (_, other)):
        deadline = Deadline(15.0)
        write(backbone)
        assert len(other.of('agent')) == 1
        assert deadline.elapsed_s < 10.0


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    busy = Act('busy', status=429, headers=(('Retry-After', '25'),))
    with serving(faults_first(GOOD, busy)) as (backbone, _):
        deadline = Deadline(20.0)
        with pytest.raises(BackboneError, match=r'429.*1 attempt .*no time for another'):
            backbone.write(brief(observation()), '', [], deadline)
        assert deadline.elapsed_s < 10.0


@pytest.mark.parametrize(('headers', 'expected'), [
    ({}, None), ({'retry-after': '3'}, 3.0), ({'retry-after': 'soon'}, None),
    ({'retry-after': '-3'}, None), ({'retry-after': 'nan'}, None), ({'retry-after': 'inf'}, None),
    ({'retry-after': '9' * 400}, None), ({'retry-after-ms': '250', 'retry-after': '3'}, 0.25),
    ({'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT'}, 0.0),
    ({'retry-after': 'Thu, 99 Foo 1970 00:00:00 GMT'}, None),
])
def test_retry_after_in_all_its_forms(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers) == expected


def test_the_server_hears_at_once_that_a_query_was_cancelled() -> None:
    for act in (Act(silent_s=60.0), Act('slow words', chunk=1, pause_s=0.2)):
        with serving(faults_first(GOOD, act), limits=Limits()) as (backbone, (one,)):
            deadline = Deadline(60.0)
            with ThreadPoolExecutor(1) as pool:
                running = pool.submit(backbone.write, brief(observation()), '', [], deadline)
                _until(lambda: bool(one.of('agent')))
                time.sleep(0.3)
                cancelled_s = time.monotonic()
                deadline.cancel()
                with pytest.raises(CanceledError):
                    running.result(10.0)
            _until(lambda: one.of('agent')[0].hung_up)
            # 0.1 s where nothing else runs
            assert time.monotonic() - cancelled_s < 5.0


def test_closing_ends_what_runs() -> None:
    with serving(faults_first(GOOD, Act(silent_s=60.0)), limits=Limits()) as (backbone, (one,)):
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(write, backbone, 60.0)
            _until(lambda: bool(one.of('agent')))
            backbone.close()
            with pytest.raises(BackboneError, match='closed'):
                running.result(10.0)
        with pytest.raises(BackboneError, match='closed'):
            write(backbone)
        backbone.close()


def test_the_reply_ends_at_its_fence_and_the_server_stops() -> None:
    endless = Act(f'{cell("x = 1")}\nAnd then?\n', chunk=7, pause_s=0.002, endless=True)
    with serving(script([endless])) as (backbone, (one,)):
        said = write(backbone)
        assert said.text == cell('x = 1').strip()
        assert said.exchange is not None
        assert said.exchange.finish == 'fence'
        _until(lambda: one.of('agent')[0].hung_up)


def test_a_stream_that_breaks_after_the_fence_is_fine() -> None:
    whole = cell('x = 1')
    for stop_after in (len(whole), len(whole) - 1):  # with its last line break, and without
        with serving(script([Act(whole, stop_after=stop_after, chunk=1)])) as (backbone, (one,)):
            said = write(backbone)
            assert said.text == whole.strip()
            assert said.exchange is not None
            assert (said.exchange.finish, said.exchange.attempts) == ('fence', 1)
            assert len(one.of('agent')) == 1


def _until(true: Callable[[], bool], within_s: float = 10.0) -> None:
    deadline = Deadline(within_s)
    while not true():
        deadline.check('waiting for a server')
        time.sleep(0.005)
