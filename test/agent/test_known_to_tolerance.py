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

"""Answers that state a sigma are held to the question's tolerance, whoever writes the cells."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from analytic_scene import make_scene
from trace_lab import reply

from spatialclaw_ros.agent import Session
from spatialclaw_ros.agent.answers import fit_answer, not_known
from spatialclaw_ros.agent.events import Answered, Event, Refused
from spatialclaw_ros.agent.trace import TRACE_FILE
from spatialclaw_ros.agent.trace_reader import read_trace
from spatialclaw_ros.agent.trace_replay import replay_trace
from spatialclaw_ros.agent.trace_values import question_of
from spatialclaw_ros.backbone.recorded import RecordedBackbone, Script
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.workspace.question import AnswerType, CellAnswer, Question, Value
from spatialclaw_ros.workspace.tolerance import Tolerance

GRASP = Tolerance(0.02, 0.03, 5.0)
POINT = np.array([1.0, 2.0, 0.5])


@pytest.mark.parametrize(('value', 'unit', 'sigma', 'known'), [
    (0.4, 'm', 0.009, True), (0.4, 'm', 0.011, False), (-0.4, 'm', 0.011, False),
    (4.0, 'm', 0.059, True), (4.0, 'm', 0.061, False),
    (0.4, 'm', math.nan, True),
    (POINT, None, 0.009, True), (POINT, 'm', 0.011, False),
    (0.4, 'rad', 0.04, True), (0.4, 'rad', 0.05, False),
    (0.4, 'm/s', 9.0, True), (3.0, None, 9.0, True),
    ('0.4 m', 'm', 9.0, True), (True, None, 9.0, True),
])
def test_what_is_known_to_a_tolerance(
    value: Value, unit: str | None, sigma: float, known: bool,
) -> None:
    answer = CellAnswer(value, unit, sigma=sigma)
    # a number is held to it also where it is told as a text
    for wanted in (AnswerType.ANY, AnswerType.TEXT)[:1 if value is POINT else 2]:
        typed = fit_answer(Question('q?', wanted), answer)
        reason = not_known(GRASP, typed, answer)
        assert (not reason) is known
        assert known or typed.text in reason


TOO_LOOSE = "ReturnAnswer(0.4, unit='m', sigma=0.02)"


@pytest.fixture(scope='module')
def kernel() -> Iterator[Kernel]:
    with Kernel() as started:
        yield started


def ask(kernel: Kernel, folder: Path, code: str, question: Question) -> Event:
    session = Session(
        backbone=RecordedBackbone(Script([reply(code)])), kernel=kernel,
        perception=make_perception(), trace_dir=folder)
    *_, end = session.run(make_scene().observation, question, Deadline(60.0), 'q1')
    return end


@pytest.mark.parametrize(('code', 'reason'), [
    (TOO_LOOSE, 'it is about 0.400 m, but with a sigma of 0.02 m it is not known to the 0.02 m'),
    ("ReturnAnswer(0.4, unit='m', sigma=0.01)", ''),
    ("ReturnAnswer(0.4, unit='m')", ''),
    ("ReturnAnswer('about 0.4 m', sigma=0.02)", ''),
])
def test_a_session_refuses_what_is_not_known_and_so_does_its_replay(
    kernel: Kernel, code: str, reason: str, tmp_path: Path,
) -> None:
    question = Question('How far?', tolerance=GRASP)
    end = ask(kernel, tmp_path, code, question)
    assert isinstance(end, Refused if reason else Answered)
    assert not isinstance(end, Refused) or end.reason.startswith(reason)
    trace = read_trace(tmp_path / 'q1')
    assert question_of(trace) == question
    assert [found for _, found in replay_trace(trace, kernel)] == [None]


def test_a_trace_of_before_there_were_tolerances_runs_again(
    kernel: Kernel, tmp_path: Path,
) -> None:
    usual = Question('How far?')
    assert isinstance(ask(kernel, tmp_path, TOO_LOOSE.replace('0.02', '0.04'), usual), Answered)
    path = tmp_path / 'q1' / TRACE_FILE
    first, *lines = path.read_text(encoding='utf-8').splitlines()
    started = json.loads(first)
    del started['question']['tolerance']
    # a sigma that would be refused today, in the cell and in the answer
    path.write_text('\n'.join([json.dumps(started), *(
        line.replace('0.04', '0.4') for line in lines), '']), encoding='utf-8')
    trace = read_trace(tmp_path / 'q1')
    assert question_of(trace) == usual
    assert [found for _, found in replay_trace(trace, kernel)] == [None]
