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


"""Whole queries with and without running ahead: the same answers, sooner; nothing is left."""

from __future__ import annotations

import json
import threading
import time

import pytest
from analytic_scene import make_scene

from spatialclaw_ros.agent import Session
from spatialclaw_ros.agent.events import Answered, CellRan, Failed
from spatialclaw_ros.agent.opening import Opening
from spatialclaw_ros.backbone.protocol import Said
from spatialclaw_ros.backbone.recorded import RecordedBackbone, Script
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError, CanceledError, KernelError
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.workspace.question import Question, Status

QUESTION = Question('How far is the red box from the ground?')
CELL = """
recon = tools.Reconstruct(InputImages)
first = tools.SAM3.segment_image_by_text(InputImages[0], 'red box')
last = tools.SAM3(InputImages[-1], 'red box')
video = tools.SAM3.segment_video_by_text('red box')
other = tools.SAM3(InputImages[0], 'box that is red')
last_frame = InputImages[-1].frame_index
print(float(np.nansum(recon.points.points)), recon.scale_source, recon.extrinsics.camera_poses)
for found in (first, last, video, other):
    print(found.labels, found.frame_indices, found.scores, found.notes,
          [found[f].sum() for f in found.frame_indices])
"""
REPLIES = (CELL, "ReturnAnswer(float(np.nanmin(recon.points[first])), unit='m')")


class Model(RecordedBackbone):
    """Sees images, and takes its time: as long as `plans` is not set, it plans."""

    name = 'model'

    def __init__(self, replies, plans_s: float = 10.0) -> None:
        super().__init__(Script([
            f'Purpose: p\nReasoning: r\nNext goal: g\n```python\n{code}\n```'
            for code in replies]))
        self.planned = threading.Event()
        self._plans_s = plans_s

    def plan(self, brief, deadline) -> Said:
        end_s = time.monotonic() + self._plans_s
        while not self.planned.is_set() and time.monotonic() < end_s:
            deadline.check('planning')
            time.sleep(0.005)
        return super().plan(brief, deadline)

    def look(self, call, observation, deadline) -> Said:
        raise BackboneError('nothing to see')


class Counting:
    """Perception that counts what it is asked, and tells when so many calls are answered."""

    def __init__(self, enough: int, reached: threading.Event) -> None:
        self._tools = make_perception(ocr='none')
        self._enough, self._reached = enough, reached
        self.threads: list[str] = []
        self.capabilities, self.status = self._tools.capabilities, self._tools.status

    def handle(self, observation, call, deadline):
        result = self._tools.handle(observation, call, deadline)
        self.threads.append(threading.current_thread().name)
        if len(self.threads) >= self._enough:
            self._reached.set()
        return result


@pytest.fixture(scope='module')
def kernel():
    with Kernel() as started:
        yield started


@pytest.fixture(scope='module')
def observation():
    return make_scene().observation


def threads_of_queries() -> list[str]:
    for thread in threading.enumerate():
        if thread.name == 'ahead':  # it stops when it looks at its deadline
            thread.join(60.0)
    return [thread.name for thread in threading.enumerate()
            if thread.name == 'ahead' or thread.name.startswith('opening')]


def run(kernel, observation, tmp_path, *, ahead: bool):
    model = Model(REPLIES, plans_s=30.0 if ahead else 0.0)
    perception = Counting(7, model.planned)
    session = Session(backbone=model, kernel=kernel, perception=perception,
                      trace_dir=tmp_path, ahead_of_model=ahead)
    events = list(session.run(observation, QUESTION, Deadline(60.0), f'ahead_{ahead}'))
    assert not threads_of_queries()
    lines = [json.loads(line) for line in
             (tmp_path / f'ahead_{ahead}' / 'trace.jsonl').read_text().splitlines()]
    return events, lines, perception.threads


def test_the_same_answer_with_and_without(kernel, observation, tmp_path) -> None:
    events, lines, threads = run(kernel, observation, tmp_path, ahead=True)
    plain_events, plain_lines, plain_threads = run(kernel, observation, tmp_path, ahead=False)
    assert isinstance(events[-1], Answered), events[-1]
    assert events[-1].value == plain_events[-1].value
    printed, plain_printed = (
        next(e for e in each if isinstance(e, CellRan)).result.stdout
        for each in (events, plain_events))
    assert printed == plain_printed
    assert "['red box']" in printed
    calls, plain_calls = (
        [line for line in each if line['event'] == 'tool_called']
        for each in (lines, plain_lines))
    assert [line['ahead'] for line in calls] == [True, True, True, True, False]
    assert not any(line['ahead'] for line in plain_calls)
    assert 'ahead' not in [line['event'] for line in plain_lines]
    assert threads.count('MainThread') == 1
    assert set(plain_threads) == {'MainThread'}
    told = lines[-2]
    assert (told['event'], lines[-1]['event']) == ('ahead', 'answered')
    assert told['used'] == 4
    assert 3 <= told['wasted'] <= 4
    assert told['saved_s'] > sum(line['duration_s'] for line in calls[:4])


@pytest.mark.parametrize('after_s', [0.0, 0.1, 0.25, 0.35])
def test_a_cancelled_query_leaves_nothing(kernel, observation, after_s) -> None:
    deadline = Deadline()
    session = Session(backbone=Model(REPLIES), kernel=kernel,
                      perception=make_perception(ocr='none'))
    canceled_s: list[float] = []
    timer = threading.Timer(after_s, lambda: (
        canceled_s.append(time.monotonic()), deadline.cancel()))
    timer.start()
    *_, end = session.run(observation, QUESTION, deadline, 'q')
    assert time.monotonic() - canceled_s[0] < 5.0
    timer.join()
    assert isinstance(end, Failed)
    assert end.status == Status.CANCELED
    assert not threads_of_queries()
    assert kernel.stats().sessions == 0


def test_rules_and_scripts_do_not_run_ahead(kernel, observation, tmp_path) -> None:
    script = Script(['```python\nReturnAnswer(1)\n```'])
    session = Session(backbone=RecordedBackbone(script), kernel=kernel,
                      perception=make_perception(ocr='none'), trace_dir=tmp_path)
    *_, end = session.run(observation, QUESTION, Deadline(20.0), 'q')
    assert isinstance(end, Answered)
    assert '"event":"ahead"' not in (tmp_path / 'q' / 'trace.jsonl').read_text().replace(' ', '')


@pytest.mark.parametrize('at_once', [True, False])
def test_an_opening_hands_out_one_session_and_closes_it(kernel, observation, at_once) -> None:
    def open_session(deadline):
        return kernel.open(observation, lambda call: None, deadline=deadline)

    with Opening(open_session, Deadline(20.0), at_once=at_once) as opening:
        assert opening.session() is opening.session()
        assert opening.session().run('x = 1').error is None
    assert kernel.stats().sessions == 0
    with Opening(open_session, Deadline(20.0), at_once=at_once):
        pass
    assert kernel.stats().sessions == 0
    assert not threads_of_queries()


@pytest.mark.parametrize('at_once', [True, False])
@pytest.mark.parametrize('error', [KernelError('none to be had'), CanceledError('cancelled')])
def test_an_opening_says_what_went_wrong(at_once, error) -> None:
    def open_session(deadline):
        raise error

    with pytest.raises(type(error)), Opening(
            open_session, Deadline(), at_once=at_once) as opening:
        opening.session()
    with Opening(open_session, Deadline(), at_once=at_once):
        pass
