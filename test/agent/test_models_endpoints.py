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



"""Servers that die, one alone or one of two: the query goes on where it was."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from model_lab import GOOD, MEASURE, Held, Outcome, ask, at_rest, settled
from scripted_vlm import ScriptedVlm
from scripted_vlm_checks import Request
from scripted_vlm_model import SILENT, Act, Model, script

from spatialclaw_ros.agent.events import Failed
from spatialclaw_ros.backbone.vllm import VllmBackbone, VllmConfig
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.workspace.question import Status


@pytest.fixture(scope='module')
def calm(kernel: Kernel) -> Held:
    """What is held after a first query."""
    return at_rest(kernel)


@dataclass
class Dying:
    """A good model that says, in the middle of its second reply, that its server may die."""

    chunk: int = 8
    pause_s: float = 0.2
    now: threading.Event = field(default_factory=threading.Event)

    def __call__(self, request: Request) -> Act | str:
        if request.role == 'agent' and request.turns == 1:
            self.now.set()
            return Act(MEASURE, chunk=self.chunk, pause_s=self.pause_s)
        return script(GOOD)(request)


@contextlib.contextmanager
def client(*servers: ScriptedVlm) -> Iterator[VllmBackbone]:
    """A client of several servers."""
    backbone = VllmBackbone(VllmConfig(
        endpoints=tuple(server.url for server in servers), model='scripted'))
    try:
        yield backbone
    finally:
        backbone.close()


def in_background(pool: ThreadPoolExecutor, kernel: Kernel, backbone: VllmBackbone):
    return pool.submit(ask, kernel, '', backbone=backbone)


@pytest.mark.parametrize('away_s', [0.0, 0.6])
def test_a_server_that_dies_and_comes_back_costs_no_answer(
    kernel: Kernel, calm: Held, away_s: float,
) -> None:
    dying = Dying()
    first = ScriptedVlm(dying)
    with ThreadPoolExecutor(1) as pool, client(first) as backbone:
        running = in_background(pool, kernel, backbone)
        assert dying.now.wait(10.0)
        first.close()
        time.sleep(away_s)
        with ScriptedVlm(script(GOOD), port=first.port) as second:
            outcome: Outcome = running.result(30.0)
    outcome.check_right()
    assert outcome.end.steps == 3
    # It took up where it was: the first cell was not asked for again.
    assert [seen.request.turns for seen in second.of('agent')] == [1, 2]
    assert settled(calm) == calm


def test_a_server_that_stays_away_is_named(kernel: Kernel, calm: Held) -> None:
    dying = Dying()
    server = ScriptedVlm(dying)
    with ThreadPoolExecutor(1) as pool, client(server) as backbone:
        running = pool.submit(ask, kernel, '', backbone=backbone, deadline_s=2.0)
        assert dying.now.wait(10.0)
        server.close()
        outcome = running.result(30.0)
    outcome.check()
    assert isinstance(outcome.end, Failed)
    assert outcome.end.status in (Status.BACKBONE_UNAVAILABLE, Status.TIMEOUT)
    assert (outcome.end.stage, outcome.end.steps) == ('write', 1)
    assert server.url in outcome.end.message or outcome.end.status == Status.TIMEOUT
    assert settled(calm) == calm


def both(first: Model, second: Model) -> tuple[ScriptedVlm, ScriptedVlm]:
    return ScriptedVlm(first), ScriptedVlm(second)


def test_of_two_servers_one_dies(kernel: Kernel, calm: Held) -> None:
    dying = Dying()
    first, second = both(dying, dying)
    with ThreadPoolExecutor(1) as pool, client(first, second) as backbone:
        running = in_background(pool, kernel, backbone)
        assert dying.now.wait(10.0)
        chosen, other = (first, second) if first.of('agent') else (second, first)
        assert not other.seen  # a query stays where its prefix is known
        other.model = script(GOOD)
        chosen.close()
        outcome: Outcome = running.result(30.0)
        other.close()
    outcome.check_right()
    assert [seen.request.turns for seen in other.of('agent')] == [1, 2]
    # The one that takes over has not seen how the conversation began, the client's history counts.
    assert len(other.violations) == 1
    assert 'does not begin with' in other.violations[0]
    assert settled(calm) == calm


@pytest.mark.parametrize('unwell', [
    Act('overloaded', status=503), Act(drop=True), Act('out of memory', status=500)])
def test_of_two_servers_one_is_unwell(kernel: Kernel, calm: Held, unwell: Act) -> None:
    first, second = both(lambda _request: unwell, script(GOOD))
    with first, second, client(first, second) as backbone:
        outcome = ask(kernel, '', backbone=backbone)
    outcome.check_right()
    assert not second.violations
    assert settled(calm) == calm


def test_of_two_servers_one_was_never_there(kernel: Kernel, calm: Held) -> None:
    gone = ScriptedVlm(script(GOOD))
    gone.close()
    with ScriptedVlm(script(GOOD)) as server, client(gone, server) as backbone:
        ask(kernel, '', backbone=backbone).check_right()
    assert not server.violations
    assert settled(calm) == calm


def test_two_servers_share_queries_and_each_keeps_its_own(kernel: Kernel) -> None:
    first, second = both(script(GOOD), script(GOOD))
    with first, second, client(first, second) as backbone, ThreadPoolExecutor(2) as pool:
        for running in [in_background(pool, kernel, backbone) for _ in range(2)]:
            running.result(30.0).check_right()
    for server in (first, second):
        # An answer to every request of a conversation that began here.
        assert [seen.request.turns for seen in server.of('agent')] == [0, 1, 2]
        assert not server.violations


def test_a_client_that_is_closed_ends_its_queries(kernel: Kernel, calm: Held) -> None:
    with ScriptedVlm(lambda _request: SILENT) as server, ThreadPoolExecutor(1) as pool:
        with client(server) as backbone:
            running = in_background(pool, kernel, backbone)
            end_s = time.monotonic() + 10.0
            while not server.seen and time.monotonic() < end_s:
                time.sleep(0.01)
        outcome: Outcome = running.result(10.0)
    outcome.check()
    assert outcome.end.status == Status.BACKBONE_UNAVAILABLE
    assert 'closed' in outcome.end.message
    assert settled(calm) == calm
