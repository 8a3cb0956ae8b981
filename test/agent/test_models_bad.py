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



"""Bad models and bad servers, end to end: each query ends in a definite status and leaves nothing.

The servers are real ones on loopback, the kernel and perception are the product's own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest
from model_lab import ANSWER, GOOD, LOOK, MEASURE, Held, ask, at_rest, mentions, settled
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import (
    BROKEN,
    BUSY,
    GARBAGE,
    SILENT,
    Act,
    Model,
    cell,
    faults_first,
    script,
)

from spatialclaw_ros.agent.events import Answered, Failed, Refused
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.workspace.question import AnswerType, Question, Status


@pytest.fixture(scope='module')
def calm(kernel: Kernel) -> Held:
    """What is held after a first query."""
    return at_rest(kernel)


@dataclass(frozen=True)
class Case:
    """A bad model and how a query of it must end."""

    model: Model
    status: Status
    stage: str
    says: str
    deadline_s: float = 20.0
    steps: int = 3
    told: tuple[str, ...] = ()


UNCLOSED = Act('Purpose: p\n```python\n' + 'x = 1  # and so on\n' * 200, endless=True, chunk=0)
HALF = Act(MEASURE, stop_after=60)
DROPPED = Act(drop=True)
MISSING = Act('the model does not exist', status=404)

CASES = {
    'wrong format': Case(
        script(['The box is about 30 cm from the ball.']), Status.STEP_LIMIT, 'write',
        '3 steps', told=('exactly one block',)),
    'another block first': Case(
        script(['```bash\nls\n```\n' + ANSWER]), Status.STEP_LIMIT, 'write', '3 steps'),
    'empty': Case(
        script(['']), Status.STEP_LIMIT, 'write', '3 steps', told=('empty',)),
    'only blanks': Case(
        script([' \n \n']), Status.STEP_LIMIT, 'write', '3 steps', told=('empty',)),
    'an empty block': Case(
        script(['```python\n\n```']), Status.STEP_LIMIT, 'write', '3 steps', told=('empty',)),
    'cut off by its budget': Case(
        script([Act('Purpose: p\n```python\nx = 1', finish='length')]), Status.STEP_LIMIT,
        'write', '3 steps', told=('closing',)),
    'loops on one error': Case(
        script([cell('print(1 / 0)')]), Status.STEP_LIMIT, 'run', '3 steps',
        told=('ZeroDivisionError', 'line 1')),
    'forbidden modules': Case(
        script([cell('import os\nprint(os.environ)'), cell('import subprocess'),
                cell('from socket import socket')]),
        Status.STEP_LIMIT, 'run', '3 steps', told=('os',)),
    'never answers': Case(script([cell('x = 1')]), Status.STEP_LIMIT, 'answer', 'max_steps'),
    'answers another type': Case(
        script([cell("ReturnAnswer('about a foot')")]), Status.STEP_LIMIT, 'answer', '3 steps',
        told=('NUMBER',)),
    'a cell that never ends': Case(
        script([cell('while True: pass')]), Status.TIMEOUT, 'run', 'cell', deadline_s=1.5),
    'too many requests': Case(
        faults_first(script(GOOD), *[BUSY] * 99), Status.BACKBONE_UNAVAILABLE, 'write', '429',
        deadline_s=2.0),
    'internal error': Case(
        faults_first(script(GOOD), *[BROKEN] * 99), Status.BACKBONE_UNAVAILABLE, 'write', '500',
        deadline_s=2.0),
    'internal error for the planner': Case(
        faults_first(script(GOOD), *[BROKEN] * 99, role='planner'),
        Status.BACKBONE_UNAVAILABLE, 'plan', '500', deadline_s=2.0),
    'no such model': Case(
        faults_first(script(GOOD), *[MISSING] * 99, role='planner'),
        Status.BACKBONE_UNAVAILABLE, 'plan', 'does not exist', deadline_s=2.0),
    'garbage JSON': Case(
        faults_first(script(GOOD), *[GARBAGE] * 99), Status.BACKBONE_UNAVAILABLE, 'write', '',
        deadline_s=2.0),
    'half a stream': Case(
        faults_first(script(GOOD), *[HALF] * 99), Status.BACKBONE_UNAVAILABLE, 'write', '',
        deadline_s=2.0),
    'hangs up': Case(
        faults_first(script(GOOD), *[DROPPED] * 99), Status.BACKBONE_UNAVAILABLE, 'write', '',
        deadline_s=2.0),
    'nothing for a minute': Case(
        faults_first(script(GOOD), *[SILENT] * 99), Status.TIMEOUT, 'write', '',
        deadline_s=1.5),
    'nothing for the planner': Case(
        faults_first(script(GOOD), *[SILENT] * 99, role='planner'), Status.TIMEOUT, 'plan', '',
        deadline_s=1.5),
    'slow words': Case(
        script(GOOD, chunk=1, pause_s=0.1), Status.TIMEOUT, 'write', '', deadline_s=1.5),
}


@pytest.mark.parametrize('name', CASES)
def test_a_bad_model_ends_its_query_and_leaves_nothing(
    kernel: Kernel, calm: Held, name: str,
) -> None:
    case = CASES[name]
    with ScriptedVlm(case.model) as server:
        outcome = ask(kernel, server.url, deadline_s=case.deadline_s, max_steps=case.steps)
    outcome.check()
    assert isinstance(outcome.end, Failed), outcome.end
    # Where tries go on until the deadline, either end is right.
    allowed = {case.status}
    if case.status == Status.BACKBONE_UNAVAILABLE:
        allowed.add(Status.TIMEOUT)
    assert outcome.end.status in allowed, outcome.end
    assert outcome.end.stage == case.stage
    if outcome.end.status == case.status:
        assert case.says in outcome.end.message
    assert not case.told or mentions(outcome.feedback, *case.told), outcome.feedback
    assert not server.violations, server.violations
    assert settled(calm) == calm


def hangs_up(seen: Any) -> bool:
    """Whether the one who sent a request is gone, or goes within a minute."""
    end_s = time.monotonic() + 60.0
    while not seen.hung_up and time.monotonic() < end_s:
        time.sleep(0.02)
    return bool(seen.hung_up)


def test_an_endless_reply_is_cut_and_its_server_let_go(kernel: Kernel, calm: Held) -> None:
    with ScriptedVlm(script([UNCLOSED])) as server:
        outcome = ask(kernel, server.url, deadline_s=20.0, max_steps=2)
        outcome.check()
        assert isinstance(outcome.end, Failed)
        assert outcome.end.status in (Status.STEP_LIMIT, Status.TIMEOUT)
        assert all(hangs_up(seen) for seen in server.of('agent'))
    assert len(server.of('agent')) == 2
    assert not server.violations
    assert settled(calm) == calm


def test_a_silent_server_hears_that_the_query_ended(kernel: Kernel, calm: Held) -> None:
    with ScriptedVlm(faults_first(script(GOOD), SILENT)) as server:
        outcome = ask(kernel, server.url, deadline_s=1.0)
        assert outcome.end.status == Status.TIMEOUT
        (agent,) = server.of('agent')
        assert hangs_up(agent)
    assert settled(calm) == calm


BLIND = Question('Is there a box?', AnswerType.BOOLEAN)


def test_an_answer_before_looking_has_no_evidence(kernel: Kernel) -> None:
    with ScriptedVlm(script([cell('ReturnAnswer(True)')])) as server:
        outcome = ask(kernel, server.url, question=BLIND)
    outcome.check()
    assert isinstance(outcome.end, Answered)
    evidence = outcome.end.evidence
    assert (evidence.frame_indices, len(evidence.objects), len(evidence.points)) == ((), 0, 0)


def test_a_model_that_gives_up_is_taken_at_its_word(kernel: Kernel) -> None:
    refusal = cell("ReturnAnswer(None, reason='the ball is hidden')")
    with ScriptedVlm(script([LOOK, refusal])) as server:
        outcome = ask(kernel, server.url)
    assert isinstance(outcome.end, Refused)
    assert outcome.end.reason == 'the ball is hidden'
