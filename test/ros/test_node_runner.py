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

"""`QueryRunner` and `KernelHost`: every query ends, in time, whatever its parts do."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from live_node import until

from spatialclaw_ros.agent.doing import Working
from spatialclaw_ros.agent.events import Answered, Planned
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    InvalidRequestError,
    KernelError,
    MissingPriorError,
    NoFramesError,
)
from spatialclaw_ros.ros import job as job_module
from spatialclaw_ros.ros import query as query_module
from spatialclaw_ros.ros.kernel_host import KernelHost
from spatialclaw_ros.ros.outcome import Caller, QueryRequest
from spatialclaw_ros.ros.query import GRACE_S, QueryRunner
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question, Status

OBSERVATION = Observation((Frame(0, 'camera', 1, 'optical', np.zeros((2, 2, 3), np.uint8)),))
ANSWER = Answered(1.0, AnswerType.NUMBER, '1 m')
MARGIN_S = 15.0
"""What a loaded machine may add to a bound."""


def request(timeout_s=60.0, text='How far?'):
    return QueryRequest(Question(text), (), None, 2.0, 4, timeout_s)


class FakeSession:
    trace_path = doing = None
    timings = {'run': 0.1}  # noqa: RUF012

    def __init__(self, events):
        self._events = events

    def run(self, observation, question, deadline, query_id):
        yield from self._events(deadline)


def query_threads():
    return {one for one in threading.enumerate() if one.name.startswith('query_')}


@pytest.fixture
def runner():
    """Makes runners, and closes them in the end."""
    made, before = [], query_threads()

    def make(
        events=lambda deadline: [ANSWER], *, observe=None, make_session=None, faults=None, **more,
    ):
        made.append(QueryRunner(
            observe=observe or (lambda *_: OBSERVATION),
            make_session=make_session or (lambda request, deadline: FakeSession(events)),
            log_error=(faults if faults is not None else []).append, **more))
        return made[-1]
    yield make
    for one in made:
        one.close()
    until(lambda: query_threads() <= before)


def raises(error):
    def step(*_):
        raise error
    return step


def stuck(gate):
    """A step that looks at no deadline."""
    def events(deadline):
        gate.wait(60.0)
        yield ANSWER
    return events


def patient(deadline):
    """A step that waits for its deadline."""
    while True:
        time.sleep(0.01)
        deadline.check('waiting')
        yield Planned('still waiting')


def test_an_answer_comes_with_its_events_and_timings(runner):
    heard = []
    outcome = runner().run('How far?', request, Caller(
        hears=lambda query_id, event: heard.append(event)))
    assert outcome.end is ANSWER
    assert outcome.status == Status.OK
    assert heard == [OBSERVATION, ANSWER]
    assert set(outcome.timings) == {'frames', 'run', 'total'}
    assert outcome.timings['total'] < MARGIN_S


def test_a_step_that_takes_long_is_told_once_before_its_end(runner, monkeypatch):
    monkeypatch.setattr(query_module, 'LOOK_S', 0.01)
    monkeypatch.setattr(job_module, 'LONG_S', 0.0)
    heard, told = [], threading.Event()
    session = FakeSession(lambda deadline: [])

    def hears(_, event):
        heard.append(event)
        if isinstance(event, Working) and event.stage == 'write':
            told.set()

    def events(deadline):
        session.doing = Working('write', 1, 'a model writes')
        assert told.wait(MARGIN_S)
        session.doing = None
        yield Planned('the end of the step')
        yield ANSWER

    session._events = events
    outcome = runner(make_session=lambda *_: session).run(
        'How far?', request, Caller(hears=hears))
    assert outcome.end is ANSWER
    kinds = [getattr(event, 'text', type(event)) for event in heard]
    kinds = [kind for kind in kinds if kind != 'waits for the kernel']
    assert kinds[-3:] == ['a model writes', 'the end of the step', '1 m']
    assert kinds.count('a model writes') == 1


@pytest.mark.parametrize(('error', 'status', 'is_fault'), [
    (InvalidRequestError('no such camera'), Status.INVALID_REQUEST, False),
    (NoFramesError('no image on /a'), Status.NO_FRAMES, False),
    (KernelError('no zygote'), Status.INTERNAL_ERROR, True),
    (MissingPriorError('unexpected here'), Status.INTERNAL_ERROR, True),
    (ZeroDivisionError('oops'), Status.INTERNAL_ERROR, True),
])
@pytest.mark.parametrize('part', ['observe', 'make_session', 'events'])
def test_every_error_has_its_status(runner, error, status, is_fault, part):
    faults = []
    outcome = runner(**{part: raises(error)}, faults=faults).run('How far?', request)
    assert outcome.status == status
    assert str(error) in outcome.end.message
    assert bool(faults) == is_fault
    if is_fault:
        assert outcome.query_id in outcome.end.message
        assert 'Traceback' in faults[0]
        assert outcome.query_id in faults[0]


def test_a_request_that_can_not_be_read_is_answered_too(runner):
    outcome = runner().run('?', raises(InvalidRequestError('timeout is -1 s')))
    assert (outcome.status, outcome.end.message) == (Status.INVALID_REQUEST, 'timeout is -1 s')
    faults = []
    assert runner(faults=faults).run('?', raises(RuntimeError('x'))).status == (
        Status.INTERNAL_ERROR)
    assert faults


def test_a_session_without_an_end_is_a_fault(runner):
    assert runner(lambda deadline: [Planned('p')]).run('?', request).status == (
        Status.INTERNAL_ERROR)


@pytest.mark.parametrize('looks', [False, True])
def test_time_is_kept_even_by_a_step_that_does_not_look(runner, looks):
    gate, start_s = threading.Event(), time.monotonic()
    subject = runner(patient if looks else stuck(gate))
    outcome = subject.run('?', lambda: request(0.3))
    assert outcome.status == Status.TIMEOUT
    assert time.monotonic() - start_s < 0.3 + GRACE_S + MARGIN_S
    if not looks:
        assert subject.run('?', request).status == Status.BUSY
        assert outcome.query_id in subject.run('?', request).end.message
    gate.set()
    assert subject.close()


def in_thread(subject, results):
    running = len(subject.running)
    thread = threading.Thread(target=lambda: results.append(
        subject.run('first one', lambda: request(60.0))))
    thread.start()
    until(lambda: len(subject.running) > running)
    return thread


def test_a_further_query_is_busy_and_the_slot_comes_back(runner):
    subject, results = runner(patient), []
    thread = in_thread(subject, results)
    (running,) = subject.running
    busy = subject.run('second one', request)
    assert busy.status == Status.BUSY
    assert running in busy.end.message
    assert 'first one' in busy.end.message
    assert subject.cancel(running)
    thread.join()
    assert results[0].status == Status.CANCELED
    assert subject.running == ()
    assert not subject.cancel(running)


def test_two_may_run_when_two_are_allowed(runner):
    subject, results = runner(patient, max_concurrent=2), []
    threads = [in_thread(subject, results), in_thread(subject, results)]
    assert subject.run('third', request).status == Status.BUSY
    assert subject.close()
    for thread in threads:
        thread.join()
    assert [result.status for result in results] == [Status.CANCELED] * 2
    assert subject.run('late', request).status == Status.CANCELED


class FakeKernel:
    def __init__(self, start=lambda: None):
        self.start = start
        self.closed = False

    def stats(self):
        return type('Stats', (), {'sandbox': ()})

    def close(self):
        self.closed = True


def test_the_kernel_is_waited_for_no_longer_than_the_deadline():
    gate = threading.Event()
    kernel = FakeKernel(gate.wait)
    host = KernelHost(lambda: kernel, [].append)
    assert host.state == 'starting'
    start_s = time.monotonic()
    with pytest.raises(TimeoutError, match='starting the kernel'):
        host.get(Deadline(0.2))
    assert time.monotonic() - start_s < 0.2 + MARGIN_S
    gate.set()
    assert host.get(Deadline(60.0)) is kernel
    assert host.state == 'ready'
    host.close()
    assert kernel.closed
    assert host.state == 'closed'
    with pytest.raises(KernelError, match='shutting down'):
        host.get(Deadline(1.0))


@pytest.mark.parametrize(('error', 'words'), [
    (KernelError('no memory'), 'no memory'),
    (ZeroDivisionError('by zero'), 'by zero (ZeroDivisionError)'),
])
def test_a_kernel_that_did_not_start_is_told_and_tried_again(error, words):
    kernels = [FakeKernel(raises(error)), FakeKernel()]
    first, second = kernels
    log = []
    host = KernelHost(lambda: kernels.pop(0), log.append)
    until(lambda: host.state != 'starting')
    assert words in host.state
    assert first.closed
    assert log == [host.state]
    assert host.get(Deadline(60.0)) is second
    host.close()


def test_a_kernel_that_failed_later_is_replaced():
    kernels = [FakeKernel(), FakeKernel()]
    first, second = kernels
    host = KernelHost(lambda: kernels.pop(0), [].append)
    assert host.get(Deadline(60.0)) is first
    first.closed = True
    assert 'failed' in host.state
    assert host.get(Deadline(60.0)) is second
    assert host.state == 'ready'
    host.close()
    assert second.closed
