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


"""What a caller hears of its query while that waits or takes long."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
from live_node import until

from spatialclaw_ros.agent.doing import Working
from spatialclaw_ros.agent.events import Answered
from spatialclaw_ros.ros import job as job_module
from spatialclaw_ros.ros.job import Job
from spatialclaw_ros.ros.outcome import Caller, QueryRequest
from spatialclaw_ros.ros.starting import WaitForStart
from spatialclaw_ros.srv import SpatialQuery
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question, Status
from spatialclaw_ros.workspace.tolerance import Tolerance

OBSERVATION = Observation((Frame(0, 'camera', 1, 'optical', np.zeros((2, 2, 3), np.uint8)),))
REQUEST = QueryRequest(Question('?'), (), None, 2.0, 4, 60.0)
SETTINGS = SimpleNamespace(
    max_concurrent=1, max_queued=2, timeout_s=60.0, window_s=2.0, max_frames=4,
    tolerance=Tolerance())


def test_a_step_is_told_once_however_many_tools_it_calls(monkeypatch):
    monkeypatch.setattr(job_module, 'LONG_S', 0.0)
    cell, *tools = (Working('run', 1, text) for text in ('runs', 'looks', 'reads'))
    heard = []

    class Busy:
        trace_path = doing = None
        timings = {}  # noqa: RUF012

        def run(self, *_):
            for self.doing in (cell, tools[0], cell, tools[1], cell):
                job.tell_doing()
            self.doing = None
            yield Answered(1.0, AnswerType.NUMBER, '1 m')

    job = Job(Caller(hears=lambda _, event: heard.append(event)), '?', REQUEST, print)
    job.work(lambda *_: OBSERVATION, lambda *_: Busy(), threading.Event, threading.Event)
    assert [event.text for event in heard if isinstance(event, Working)] == [
        'runs', 'looks', 'reads']


def test_who_cannot_be_told_of_the_start_waits_all_the_same():
    def gone(*_):
        raise RuntimeError('the goal has gone')

    start = WaitForStart(lambda: SETTINGS, lambda: 'inactive')
    assert start.wait(SpatialQuery.Request(question='?'), Caller(hears=gone)) is None


def test_who_waited_for_the_start_goes_on_in_the_order_of_coming():
    start, went, threads = WaitForStart(lambda: SETTINGS, lambda: 'inactive'), [], []
    start.over.clear()

    def come(name):
        def wait():
            assert start.wait(SpatialQuery.Request(question='?'), Caller(query_id=name)) is None
            went.append(name)
        threads.append(threading.Thread(target=wait))
        threads[-1].start()
        until(lambda: start.waiting == len(threads))

    come('first')
    come('second')
    start.over.set()
    until(lambda: went)
    # not active long enough for those who waited: who comes now stands behind them
    assert start.holds
    come('third')
    busy = start.wait(SpatialQuery.Request(question='?'), Caller())
    assert busy.status == Status.BUSY
    assert 'has just started, and 3 queries that waited' in busy.message
    for name in ('first', 'second', 'third'):
        until(lambda name=name: went[-1] == name)
        start.leave(name)
    for thread in threads:
        thread.join()
    assert (went, start.holds) == (['first', 'second', 'third'], False)
    assert start.wait(SpatialQuery.Request(question=' '), Caller()).status == Status.INVALID_REQUEST
