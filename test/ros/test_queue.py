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


"""The line of waiting queries: turns, places, BUSY, cancels and deadlines while it waits."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from spatialclaw_ros.agent.events import Answered, Planned
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.ros.outcome import Caller, QueryRequest
from spatialclaw_ros.ros.progress import Queued
from spatialclaw_ros.ros.query import CANCEL_GRACE_S, QueryRunner
from spatialclaw_ros.ros.queue import FairLine
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question, Status

OBSERVATION = Observation((Frame(0, 'camera', 1, 'optical', np.zeros((2, 2, 3), np.uint8)),))
ANSWER = Answered(1.0, AnswerType.NUMBER, '1 m')
WAIT_S = 60.0
MARGIN_S = 10.0
"""What a loaded machine may add to a bound."""


@pytest.mark.parametrize(('came', 'taken'), [
    ('a1 a2 a3', 'a1 a2 a3'),
    ('a1 a2 b1', 'a1 b1 a2'),
    ('a1 a2 a3 b1 c1 c2', 'a1 b1 c1 a2 c2 a3'),
    ('b1 a1 a2 b2', 'b1 a1 b2 a2'),
])
def test_clients_take_turns(came, taken):
    line = FairLine()
    for item in came.split():
        line.add(item[0], item)
    assert list(line) == taken.split()
    assert [line.ahead(item) for item in line] == list(range(len(line)))
    for item in taken.split():
        assert line.take() == item
        line.done(item[0])
    assert line.take() is None
    assert not len(line)


def test_who_was_just_served_comes_after_those_who_wait():
    line = FairLine()
    line.begin('a')
    line.add('a', 'a2')
    line.add('b', 'b1')
    assert list(line) == ['b1', 'a2']
    line.done('a')
    assert list(line) == ['b1', 'a2']
    assert line.remove('b', 'b1')
    assert not line.remove('b', 'b1')
    assert not line.remove('nobody', 'b1')
    assert list(line) == ['a2']


def test_nobody_starves_beside_a_flood():
    line = FairLine()
    for number in range(20):
        line.add('flood', ('flood', number))
    line.add('quiet', ('quiet', 0))
    served = []
    for number in range(20):
        served.append(line.take())
        line.add('flood', ('flood', 20 + number))
        line.add(f'stranger {number}', (f'stranger {number}', 0))
        line.done(served[-1][0])
    assert ('quiet', 0) in served[:2]
    assert [number for client, number in served if client == 'flood'][:2] == [0, 1]


@pytest.mark.parametrize(('runs', 'waits', 'comes', 'goes'), [
    ('a', 'a1 a2 a3', 'b', 'a3'),
    ('a', 'a1', 'b', 'a1'),
    ('b', 'a1 a2', 'b', None),
    ('c', 'a1 a2', 'a', None),
    ('c', 'a1 a2 b1', 'b', None),
    ('b', 'a1 b1 b2', 'a', 'b2'),
    ('a', 'b1 b2 a1', 'c', 'a1'),
    ('a a', '', 'b', None),
    ('a', 'b1', 'c', None),
])
def test_who_holds_most_makes_way(runs, waits, comes, goes):
    line = FairLine()
    for client in runs.split():
        line.begin(client)
    for item in waits.split():
        line.add(item[0], item)
    assert line.make_way(comes) == goes
    assert sorted(line) == sorted(item for item in waits.split() if item != goes)


class Steps:
    """A session whose steps wait until they are let go."""

    trace_path = doing = None
    timings = {}  # noqa: RUF012

    def __init__(self, gate, deaf=False):
        self._gate = gate
        self._deaf = deaf

    def run(self, observation, question, deadline, query_id):
        yield Planned('wait')
        while not self._gate.wait(0.005):
            if not self._deaf:
                deadline.check('waiting')
        yield ANSWER


class Crowd:
    """Queries on threads of their own, and the runner that they go to."""

    def __init__(self, deaf=False, observe=None, **options):
        self.gate = threading.Event()
        self.began = []
        self.runner = QueryRunner(
            observe=observe or (lambda *_: OBSERVATION),
            make_session=self._session, log_error=[].append, **options)
        self.outcomes = {}
        self.heard = {}
        self._deaf = deaf
        self._threads = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gate.set()
        self.runner.close()
        self.join()

    def _session(self, request, deadline):
        self.began.append(request.question.text)
        return Steps(self.gate, self._deaf)

    def ask(self, name, timeout_s=WAIT_S, **options):
        """Ask on a thread; the first letter of the name is the client's."""
        events = self.heard[name] = []
        caller = Caller(
            client=name[0], query_id=name, hears=lambda _, event: events.append(event), **options)
        thread = threading.Thread(target=lambda: self.outcomes.__setitem__(
            name, self.runner.run(name, lambda: request(name, timeout_s), caller)))
        self._threads.append(thread)
        thread.start()
        self.until(lambda: name in (*self.runner.running, *self.runner.waiting, *self.outcomes))

    def now(self, name, timeout_s=WAIT_S):
        """Ask and wait for the end."""
        return self.runner.run(name, lambda: request(name, timeout_s), Caller(client=name[0]))

    def until(self, condition):
        end_s = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end_s
            time.sleep(0.002)

    def ended(self, name):
        self.until(lambda: name in self.outcomes)
        return self.outcomes[name]

    def join(self):
        for thread in self._threads:
            thread.join(WAIT_S)
            assert not thread.is_alive()


def request(text, timeout_s):
    return QueryRequest(Question(text), (), None, 2.0, 4, timeout_s)


def two():
    return 2


def test_who_waits_is_told_its_place_and_gets_its_turn():
    with Crowd(max_queued=lambda: 4) as crowd:
        for name in ('a1', 'a2', 'a3', 'b1'):
            crowd.ask(name)
        assert crowd.runner.running == ('a1',)
        assert crowd.runner.waiting == ('b1', 'a2', 'a3')
        crowd.until(lambda: Queued(3) in crowd.heard['a3'] and crowd.heard['b1'])
        crowd.gate.set()
        crowd.join()
    assert [crowd.outcomes[name].status for name in crowd.began] == [Status.OK] * 4
    assert crowd.began == ['a1', 'b1', 'a2', 'a3']
    assert 'queued' not in crowd.outcomes['a1'].timings
    assert crowd.outcomes['a3'].timings['queued'] > 0
    assert crowd.heard['b1'][0] == Queued(1)
    # no place is told once its turn has come
    assert all(not isinstance(event, Queued) for event in crowd.heard['a3'][
        crowd.heard['a3'].index(OBSERVATION):])


def test_a_full_line_is_busy_at_once_and_names_everybody():
    with Crowd(max_queued=two) as crowd:
        for name in ('a1', 'b1', 'c1'):
            crowd.ask(name)
        start_s = time.monotonic()
        busy = crowd.now('d1')
        assert time.monotonic() - start_s < MARGIN_S
        assert busy.status == Status.BUSY
        for words in ('a1', 'b1', 'c1', '2 wait', 'max_queued'):
            assert words in busy.end.message


def test_a_client_that_fills_the_line_makes_way():
    with Crowd(max_queued=two) as crowd:
        for name in ('a1', 'a2', 'a3', 'b1'):
            crowd.ask(name)
        late = crowd.ended('a3')
        assert (late.status, late.end.stage) == (Status.BUSY, 'queued')
        for words in ('the most places', "'b1'", 'max_queued'):
            assert words in late.end.message
        assert crowd.runner.waiting == ('b1', 'a2')
        assert crowd.now('b2').status == crowd.now('a4').status == Status.BUSY


def test_two_at_once_and_the_line_behind_them():
    with Crowd(max_concurrent=2, max_queued=two) as crowd:
        for name in ('a1', 'a2', 'a3', 'b1'):
            crowd.ask(name)
        assert set(crowd.runner.running) == {'a1', 'a2'}
        assert len(crowd.runner.waiting) == 2
        assert crowd.now('a4').status == Status.BUSY


def test_a_waiting_query_is_cancelled_at_once():
    with Crowd(max_queued=two) as crowd:
        for name in ('a1', 'b1', 'c1'):
            crowd.ask(name)
        start_s = time.monotonic()
        assert crowd.runner.cancel('b1')
        outcome = crowd.ended('b1')
        assert time.monotonic() - start_s < CANCEL_GRACE_S + MARGIN_S
        assert (outcome.status, outcome.end.stage) == (Status.CANCELED, 'queued')
        assert crowd.runner.waiting == ('c1',)
        assert 'b1' not in crowd.began
        crowd.until(lambda: crowd.heard['c1'][-1:] == [Queued(1)])


def test_a_goal_that_was_cancelled_on_its_way_never_waits():
    with Crowd(max_queued=two) as crowd:
        crowd.ask('a1')
        crowd.ask('b1', canceled=lambda: True)
        assert crowd.ended('b1').status == Status.CANCELED
        assert crowd.runner.waiting == ()


def test_the_time_before_the_runner_counts():
    with Crowd() as crowd:
        crowd.gate.set()
        crowd.ask('a1', held_s=2.0)
        timings = crowd.ended('a1').timings
        assert timings['total'] >= timings['queued'] >= 2.0
        crowd.ask('a2', held_s=WAIT_S)
        assert crowd.ended('a2').status == Status.TIMEOUT


def test_time_runs_while_it_waits_and_the_message_says_so():
    with Crowd(max_queued=two) as crowd:
        crowd.ask('a1')
        crowd.ask('b1', timeout_s=0.2)
        outcome = crowd.ended('b1')
        assert (outcome.status, outcome.end.stage) == (Status.TIMEOUT, 'queued')
        assert 'waiting for its turn' in outcome.end.message
        crowd.ask('c1', timeout_s=2.0)
        assert crowd.runner.cancel('a1')
        late = crowd.ended('c1')
        assert late.status == Status.TIMEOUT
        assert 'waited for other queries' in late.end.message
        assert crowd.began == ['a1', 'c1']


def test_a_cancel_is_answered_while_a_step_winds_up_and_its_place_stays_taken():
    with Crowd(deaf=True, max_queued=two) as crowd:
        crowd.ask('a1')
        crowd.until(lambda: len(crowd.heard['a1']) == 2)
        start_s = time.monotonic()
        crowd.runner.cancel('a1')
        outcome = crowd.ended('a1')
        assert time.monotonic() - start_s < CANCEL_GRACE_S + MARGIN_S
        assert outcome.status == Status.CANCELED
        assert 'winding up' in outcome.end.message
        crowd.ask('b1')
        assert crowd.runner.waiting == ('b1',)
        crowd.gate.set()
        assert crowd.ended('b1').status == Status.OK


def test_what_went_wrong_after_a_cancel_was_the_cancel():
    def observe(_request, deadline, _spent):
        while not deadline.canceled:
            time.sleep(0.002)
        raise ZeroDivisionError('a part that did not expect its end')

    with Crowd(observe=observe) as crowd:
        crowd.ask('a1')
        crowd.runner.cancel('a1')
        assert crowd.ended('a1').status == Status.CANCELED


@pytest.mark.parametrize(('patience_s', 'status'), [(0.0, Status.CANCELED), (WAIT_S, Status.OK)])
def test_closing_ends_what_waits_and_is_patient_with_what_runs(patience_s, status):
    with Crowd(max_queued=two) as crowd:
        crowd.ask('a1')
        crowd.ask('b1')
        crowd.until(lambda: len(crowd.heard['a1']) == 2)
        closer = threading.Thread(target=crowd.runner.close, args=(Deadline(patience_s),))
        closer.start()
        assert crowd.ended('b1').status == Status.CANCELED
        if status == Status.OK:
            crowd.gate.set()
        assert crowd.ended('a1').status == status
        closer.join(WAIT_S)
        assert crowd.now('late').status == Status.CANCELED
    assert crowd.began == ['a1']


def test_a_crowd_of_clients_leaves_nothing_behind():
    threads = threading.active_count()
    with Crowd(max_concurrent=2, max_queued=lambda: 64) as crowd:
        for number in range(40):
            crowd.ask(f'{"abcde"[number % 5]}{number}')
        for number in range(0, 40, 3):
            crowd.runner.cancel(f'{"abcde"[number % 5]}{number}')
        crowd.gate.set()
        crowd.join()
        assert crowd.runner.running == crowd.runner.waiting == ()
    assert {outcome.status for outcome in crowd.outcomes.values()} == {Status.OK, Status.CANCELED}
    assert len(crowd.outcomes) == 40
    assert threading.active_count() == threads
