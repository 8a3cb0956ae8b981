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


"""An answer does not wait for what is to be tidied up behind it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from spatialclaw_ros.agent.events import Answered
from spatialclaw_ros.ros.outcome import Caller, QueryRequest
from spatialclaw_ros.ros.query import QueryRunner
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question, Status

OBSERVATION = Observation((Frame(0, 'camera', 1, 'optical', np.zeros((2, 2, 3), np.uint8)),))
ANSWER = Answered(1.0, AnswerType.NUMBER, '1 m')
WAIT_S = 10.0


class Untidy:
    """A session that has something to do after its answer."""

    trace_path = doing = None
    timings = {}  # noqa: RUF012

    def __init__(self, tidy):
        self._tidy = tidy

    def run(self, observation, question, deadline, query_id):
        yield ANSWER
        self._tidy()


def runner(tidy, faults=None):
    return QueryRunner(
        observe=lambda *_: OBSERVATION, log_error=(faults or []).append,
        make_session=lambda request, deadline: Untidy(tidy))


def ask(subject, timeout_s=WAIT_S, caller=None):
    return subject.run('?', lambda: QueryRequest(
        Question('?'), (), None, 2.0, 4, timeout_s), caller)


def test_the_next_query_waits_only_when_too_much_is_still_tidied_up():
    gate = threading.Event()
    subject = runner(lambda: gate.wait(WAIT_S))
    # nobody may wait in line: each of them has the place at once
    assert [ask(subject).status, ask(subject).status] == [Status.OK] * 2
    assert subject.running == ()
    outcome = ask(subject, 0.1)
    assert (outcome.status, outcome.timings['queued'] > 0) == (Status.TIMEOUT, True)
    threads = [one for one in threading.enumerate() if one.name.startswith('query-')]
    assert len(threads) >= 2
    gate.set()
    assert subject.close()
    assert not any(thread.is_alive() for thread in threads)


def breaks(*_):
    raise RuntimeError('broken')


@pytest.mark.parametrize(('tidy', 'hears', 'words'), [
    (breaks, lambda *_: None, 'is answered, and then'),
    (lambda: None, breaks, 'could not be told'),
])
def test_an_answer_stands_whatever_breaks_beside_it(tidy, hears, words):
    faults = ['so far']
    subject = runner(tidy, faults)
    assert ask(subject, caller=Caller(hears=hears)).status == Status.OK
    assert subject.close()
    assert all(words in line and 'RuntimeError: broken' in line for line in faults[1:])
    assert len(faults) > 1
