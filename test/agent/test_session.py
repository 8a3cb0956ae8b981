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

"""Whole sessions with a recorded backbone, a real kernel and real perception."""

from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest

from spatialclaw_ros.agent import AgentLimits, Session
from spatialclaw_ros.agent.events import Answered, CellRan, CellWritten, Failed, Planned, Refused
from spatialclaw_ros.backbone.protocol import Said
from spatialclaw_ros.backbone.recorded import RecordedBackbone, Script
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question, Status

WALL_M = 2.0


def reply(code: str) -> str:
    return f'Purpose: p\nReasoning: r\nNext goal: g\n```python\n{code}\n```'


@pytest.fixture(scope='module')
def kernel():
    with Kernel() as started:
        yield started


@pytest.fixture(scope='module')
def observation() -> Observation:
    """A camera that looks along +x at a wall two metres away."""
    T_world_camera = np.array(
        [[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1], [0, 0, 0, 1]], dtype=float)
    frame = Frame(
        0, 'front', 1_000_000_000, 'front_optical', np.full((120, 160, 3), 200, np.uint8),
        np.full((120, 160), WALL_M, np.float32), PinholeCamera(160, 120, 150, 150, 80, 60),
        T_world_camera)
    return Observation((frame,), world_frame='odom')


def run(kernel, observation, replies, *, question=None, deadline=None, tmp_path=None, steps=6):
    session = Session(
        backbone=RecordedBackbone(Script([reply(r) if '```' not in r else r for r in replies])),
        kernel=kernel, perception=make_perception(), limits=AgentLimits(max_steps=steps),
        trace_dir=tmp_path)
    events = list(session.run(
        observation, question or Question('how far is the wall?'),
        deadline or Deadline(20.0), 'q1'))
    return session, events


MEASURE = """
recon = tools.Reconstruct(InputImages)
x = float(np.nanmedian(recon.points[0][..., 0]))
print('x', x)
"""


def test_a_measured_answer_with_its_trace(kernel, observation, tmp_path) -> None:
    session, events = run(
        kernel, observation, [MEASURE, "ReturnAnswer(x, unit='m', sigma=0.01)"],
        tmp_path=tmp_path)
    kinds = [Planned, CellWritten, CellRan, CellWritten, CellRan, Answered]
    assert [type(e) for e in events] == kinds
    answer = events[-1]
    assert answer.value == pytest.approx(WALL_M, abs=1e-3)
    assert (answer.answer_type, answer.unit, answer.sigma) == (AnswerType.NUMBER, 'm', 0.01)
    assert answer.evidence.scale_source == 'sensor_depth'
    assert answer.evidence.frame_indices == (0,)
    assert {'plan', 'write', 'run', 'tools', 'total'} <= session.timings.keys()
    lines = [json.loads(line) for line in (tmp_path / 'q1' / 'trace.jsonl').open()]
    assert [line['event'] for line in lines] == [
        'started', 'planned', 'cell_written', 'tool_called', 'cell_ran', 'cell_written',
        'cell_ran', 'answered']
    assert (tmp_path / 'q1' / 'frame_000.jpg').is_file()


def test_an_answer_of_the_wrong_type_is_fed_back(kernel, observation) -> None:
    _, events = run(
        kernel, observation, ["ReturnAnswer('far away')", 'ReturnAnswer(2.5)'],
        question=Question('how far?', AnswerType.NUMBER))
    assert 'asks for NUMBER' in next(e for e in events if isinstance(e, CellRan)).feedback
    assert events[-1].value == 2.5


def test_a_malformed_reply_costs_a_step_and_is_named(kernel, observation) -> None:
    _, events = run(kernel, observation, ['```text\nno code\n```', 'ReturnAnswer(True)'])
    assert isinstance(events[1], CellRan)
    assert events[1].result is None
    assert 'exactly one block' in events[1].feedback
    assert events[1].reply == '```text\nno code\n```'
    assert events[-1].value is True
    assert events[-1].steps == 1


@pytest.mark.parametrize(('replies', 'kind', 'part'), [
    (["ReturnAnswer(None, reason='no mug is there')"], Refused, 'no mug is there'),
    (['x = 1'], Failed, 'the script has 1 replies'),
])
def test_no_answer_has_its_reason(kernel, observation, replies, kind, part) -> None:
    _, events = run(kernel, observation, replies)
    assert isinstance(events[-1], kind)
    assert part in (events[-1].reason if kind is Refused else events[-1].message)


def test_step_limit(kernel, observation) -> None:
    _, events = run(kernel, observation, ['x = 1'] * 5, steps=3)
    assert events[-1].status == Status.STEP_LIMIT
    assert events[-1].steps == 3


def test_timeout_and_cancel_end_the_query(kernel, observation) -> None:
    deadline = Deadline(1.0)
    _, events = run(kernel, observation, ['while True: pass'], deadline=deadline)
    assert events[-1].status == Status.TIMEOUT
    assert events[-1].stage == 'run'
    assert deadline.elapsed_s < 5.0
    canceled = Deadline(math.inf)
    canceled.cancel()
    _, events = run(kernel, observation, ['x = 1'], deadline=canceled)
    assert events[-1].status == Status.CANCELED


def test_only_the_newest_traces_are_kept(kernel, observation, tmp_path) -> None:
    for number in range(4):
        session = Session(
            backbone=RecordedBackbone(Script([reply('ReturnAnswer(1)')])), kernel=kernel,
            perception=make_perception(), limits=AgentLimits(trace_keep=2), trace_dir=tmp_path)
        list(session.run(observation, Question('q?'), Deadline(10.0), f'q{number}'))
    assert sorted(p.name for p in tmp_path.iterdir()) == ['q2', 'q3']


def make_session(kernel, tmp_path, replies, perception=None) -> Session:
    return Session(
        backbone=RecordedBackbone(Script([reply(code) for code in replies])), kernel=kernel,
        perception=perception or make_perception(), trace_dir=tmp_path)


def trace_of(tmp_path, query_id: str) -> list[dict[str, object]]:
    lines = (tmp_path / query_id / 'trace.jsonl').read_text(encoding='utf-8').splitlines()
    return [json.loads(line) for line in lines]


def test_an_answer_before_an_error_does_not_count(kernel, observation) -> None:
    _, events = run(kernel, observation, ['ReturnAnswer(1.0)\nundefined', 'ReturnAnswer(2.0)'])
    assert 'does not count' in next(e for e in events if isinstance(e, CellRan)).feedback
    assert events[-1].value == 2.0


def test_an_abandoned_query_closes_its_kernel_session_and_its_trace(
    kernel, observation, tmp_path,
) -> None:
    session = make_session(kernel, tmp_path, ['x = 1', 'x = 2'])
    events = session.run(observation, Question('q?'), Deadline(20.0), 'q1')
    while not isinstance(next(events), CellRan):
        pass
    assert kernel.stats().sessions == 1
    events.close()
    assert kernel.stats().sessions == 0
    assert trace_of(tmp_path, 'q1')[-1]['event'] == 'broke_off'


def test_an_answer_comes_before_its_worker_is_closed_and_its_trace_has_it(
        kernel, observation, tmp_path) -> None:
    session = make_session(kernel, tmp_path, [MEASURE + 'ReturnAnswer(x)'])
    events = session.run(observation, Question('how far is the wall?'), Deadline(20.0), 'q1')
    while not isinstance(next(events), Answered):
        pass
    assert kernel.stats().sessions == 1
    assert {'evidence', 'total'} <= session.timings.keys()
    # nobody goes on to the end
    events.close()
    assert kernel.stats().sessions == 0
    assert trace_of(tmp_path, 'q1')[-1]['event'] == 'answered'


def test_a_fault_is_in_the_trace(kernel, observation, tmp_path) -> None:
    class Broken(type(make_perception())):
        def handle(self, observation, call, deadline):
            raise ZeroDivisionError('in the depths')

    session = make_session(kernel, tmp_path, [MEASURE], Broken(reconstructor=object()))
    with pytest.raises(ZeroDivisionError):
        list(session.run(observation, Question('q?'), Deadline(20.0), 'q1'))
    last = trace_of(tmp_path, 'q1')[-1]
    assert last['event'] == 'broke_off'
    assert 'in the depths' in last['cause']
    assert kernel.stats().sessions == 0


def test_a_session_starts_afresh_each_time(kernel, observation, tmp_path) -> None:
    session = make_session(kernel, tmp_path, [MEASURE + "ReturnAnswer(x, unit='m')"])
    for query_id in ('q1', 'q2'):
        *_, end = session.run(observation, Question('q?'), Deadline(20.0), query_id)
        assert end.steps == 1
        assert session.trace_path == tmp_path / query_id
        assert session.timings['run'] <= session.timings['total']
    canceled = Deadline()
    canceled.cancel()
    *_, end = session.run(observation, Question('q?'), canceled, 'q3')
    assert (end.status, end.steps) == (Status.CANCELED, 0)


def test_half_an_emoji_does_not_break_the_trace(kernel, observation, tmp_path) -> None:
    session = make_session(kernel, tmp_path, ['# \ud83d', "ReturnAnswer('ok')"])
    *_, end = session.run(observation, Question('q?'), Deadline(20.0), 'q1')
    assert end.value == 'ok'
    assert '\ud83d' in next(
        e['code'] for e in trace_of(tmp_path, 'q1') if e['event'] == 'cell_written')


def test_a_trace_that_cannot_be_written_costs_no_answer(kernel, observation, tmp_path) -> None:
    (tmp_path / 'file').write_text('in the way')
    session = make_session(kernel, tmp_path / 'file', ["ReturnAnswer('ok')"])
    *_, end = session.run(observation, Question('q?'), Deadline(20.0), 'q1')
    assert end.value == 'ok'
    assert session.trace_path is None


def test_key_frames_reach_to_the_newest(kernel) -> None:
    class Listening(RecordedBackbone):
        def plan(self, brief, deadline):
            self.brief = brief
            return Said('')

    image = np.zeros((8, 8, 3), np.uint8)
    frames = tuple(Frame(i, 'front', i, 'front_optical', image) for i in range(40))
    backbone = Listening(Script([reply('ReturnAnswer(1)')]))
    session = Session(backbone=backbone, kernel=kernel, perception=make_perception())
    list(session.run(Observation(frames), Question('q?'), Deadline(20.0), 'q1'))
    shown = [frame.index for frame in backbone.brief.key_frames]
    assert len(set(shown)) == 32
    assert (shown[0], shown[-1]) == (0, 39)


def test_a_kernel_that_is_slow_to_start_does_not_outlast_the_query(observation) -> None:
    cold = Kernel()
    try:
        start_s = time.monotonic()
        _, events = run(cold, observation, ['ReturnAnswer(True)'], deadline=Deadline(0.1))
        assert time.monotonic() - start_s < 2.0
        assert events[-1].status == Status.TIMEOUT
        assert 'start of a worker' in events[-1].message
    finally:
        cold.close()


def test_what_takes_time_can_be_seen_while_it_lasts(kernel, observation) -> None:
    seen = []

    class Watched(RecordedBackbone):
        def plan(self, *given):
            seen.append(session.doing)
            return super().plan(*given)

        def write(self, *given):
            seen.append(session.doing)
            return super().write(*given)

    class Looking:
        def __init__(self) -> None:
            self._real = make_perception()

        def __getattr__(self, name):
            return getattr(self._real, name)

        def handle(self, *given):
            seen.append(session.doing)
            return self._real.handle(*given)

    session = Session(
        backbone=Watched(Script([reply(f'{MEASURE}\nReturnAnswer(x)')])), kernel=kernel,
        perception=Looking())
    list(session.run(observation, Question('how far?'), Deadline(20.0), 'q1'))
    assert [(each.stage, each.step, each.text) for each in seen] == [
        ('plan', 0, 'recorded makes a plan'), ('write', 1, 'recorded writes'),
        ('run', 1, 'reconstructs an image')]
    assert session.doing is None
