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
from live_node import until

from spatialclaw_ros.agent.events import Answered
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.ros import query as query_module
from spatialclaw_ros.ros.health import OK, WARN, Sources, of_queries
from spatialclaw_ros.ros.outcome import Caller, QueryRequest
from spatialclaw_ros.ros.query import QueryRunner
from spatialclaw_ros.ros.query_log import QueryLog
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question, Status

OBSERVATION = Observation((Frame(0, 'camera', 1, 'optical', np.zeros((2, 2, 3), np.uint8)),))
ANSWER = Answered(1.0, AnswerType.NUMBER, '1 m')
WAIT_S = 60.0


class Untidy:
    """A session that has something to do after its answer."""

    trace_path = doing = None
    timings = {}  # noqa: RUF012

    def __init__(self, tidy):
        self._tidy = tidy

    def run(self, observation, question, deadline, query_id):
        yield ANSWER
        self._tidy()


def runner(tidy, faults=None, settle=threading.Event):
    return QueryRunner(
        settle=settle,
        observe=lambda *_: OBSERVATION, log_error=[].append if faults is None else faults.append,
        make_session=lambda request, deadline: Untidy(tidy))


def ask(subject, timeout_s=WAIT_S, caller=None):
    return subject.run('?', lambda: QueryRequest(
        Question('?'), (), None, 2.0, 4, timeout_s), caller)


def health(subject):
    return of_queries(Sources('active', queue=subject), QueryLog())


def test_what_the_next_look_needs_is_settled_behind_the_answer():
    gate, calls = threading.Event(), []

    def settle():
        calls.append(gate.wait(WAIT_S))

    subject = runner(threading.Event, settle=settle)
    assert (ask(subject).status, calls) == (Status.OK, [])
    gate.set()
    assert subject.close()
    assert calls == [True]


def test_the_next_query_waits_only_when_too_much_is_still_tidied_up(monkeypatch):
    gate = threading.Event()
    subject = runner(lambda: gate.wait(WAIT_S))
    # nobody may wait in line: each of them has the place at once
    assert [ask(subject).status, ask(subject).status] == [Status.OK] * 2
    assert subject.running == ()
    outcome = ask(subject, 0.1)
    assert (outcome.status, outcome.timings['queued'] > 0) == (Status.TIMEOUT, True)
    assert outcome.end.stage == 'queued'
    assert '2 earlier ones, answered, are still being closed: ' in outcome.end.message
    assert health(subject).level == OK
    monkeypatch.setattr(query_module, 'SLOW_CLOSE_S', 0.0)
    told = health(subject)
    assert (told.level, 'closing for long' in told.message) == (WARN, True)
    assert 'its closing takes' in told.values['closing 2']
    threads = list(subject._threads._all)
    assert len(threads) >= 2
    gate.set()
    assert subject.close()
    assert not any(thread.is_alive() for thread in threads)
    assert health(subject).level == OK


def test_a_closing_that_hangs_has_no_part_in_the_patience_for_queries(monkeypatch):
    monkeypatch.setattr(query_module, 'CLOSE_WAIT_S', 0.1)
    gate, go, statuses = threading.Event(), threading.Event(), []
    subject = runner(lambda: gate.wait(WAIT_S))
    asking = threading.Thread(target=lambda: statuses.append(ask(subject, caller=Caller(
        hears=lambda query_id, event: go.wait(WAIT_S))).status))
    asking.start()
    until(lambda: subject.running)
    patience = Deadline(WAIT_S)
    closing = threading.Thread(target=lambda: statuses.append(subject.close(patience)))
    closing.start()
    until(lambda: subject._closed)
    go.set()
    for thread in (asking, closing):
        thread.join()
    assert (statuses, patience.expired) == ([Status.OK, False], False)
    gate.set()
    assert subject.close()


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
