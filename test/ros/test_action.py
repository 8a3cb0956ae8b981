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


"""The action `~/query`: feedback, states, and a cancel at any moment, over DDS."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext

import pytest
from action_stages import ANSWER, GOOD, STAGES
from lab_models import SUPPORT
from live_node import LiveNode, Operator, until
from plates import ServerProcess, parameters, plate, robot
from rclpy.action.server import ServerGoalHandle
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import cell, script

from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros import job, leavers, lookout, query, serving
from spatialclaw_ros.ros.kernel_host import KernelHost
from spatialclaw_ros.ros.plain import duration_message

OK, CANCELED = SpatialAnswer.STATUS_OK, SpatialAnswer.STATUS_CANCELED
CANCEL_S = 0.5
MARGIN_S = 10.0
"""What a loaded machine may add; `make bench-ros` measures the figure itself."""
RESULT_KEPT_S = 1
SEGMENT = script((cell(
    f'tools.SAM3.segment_image_by_text(InputImages[0], {plate("near")[0]!r})\n'
    'ReturnAnswer(1.0, unit="m")'),))
PERCEPTION = {
    'in the node': {},
    'in its own process': {'perception__run_in': 'process'},
    'on a server': {'perception__run_in': 'node'},
}


@pytest.fixture(scope='module')
def plates():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', SUPPORT)
        patch.setattr(serving, 'RESULT_KEPT_S', RESULT_KEPT_S)
        patch.setattr(job, 'LONG_S', 3600.0)  # a busy machine makes every step a long one
        double = robot()
        yield double
        double.close()


@pytest.fixture(scope='module')
def vlm():
    with ScriptedVlm(GOOD, keep=20) as server:
        yield server


@pytest.fixture(scope='module')
def calls_end(tmp_path_factory):
    """A file: as long as it is there, calls of models end at once."""
    path = tmp_path_factory.mktemp('action') / 'calls_end'
    path.touch()
    return path


@pytest.fixture(scope='module')
def live(plates, vlm, calls_end):
    given = parameters(
        calls_end.parent, masks={'call_until': str(calls_end)}, backbone='vllm',
        backbone_url=vlm.url, backbone_model='scripted', perception__run_in='node',
        perception__url='', reconstruct='rgbd', ahead_of_model=False, max_queued=2)
    del given['backbone_script']
    with LiveNode('acting', given) as made:
        yield made.node


@pytest.fixture(scope='module')
def operator(live):
    with Operator('acting') as made:
        assert made.change('configure', 'activate')
        yield made


@pytest.fixture(autouse=True)
def at_rest(vlm, live, operator):
    """Every test begins and ends with a model that answers and a node that does nothing."""
    vlm.model = GOOD
    yield
    vlm.model = GOOD
    assert operator.ask('Is it?').status == OK
    until(lambda: not live._serving._goals)


def runner(live):
    return live._serving.handler.runner


def cancel(live, goal, deaf=False):
    """Cancel a goal: it ends CANCELED in time, and what it did stops in time, unless deaf."""
    start_s = time.monotonic()
    goal.cancel()
    ended, answer = goal.end()
    took_s = time.monotonic() - start_s
    assert (ended, answer.status) == ('CANCELED', CANCELED), answer.message
    assert took_s < CANCEL_S + MARGIN_S
    if not deaf:
        until(lambda: not runner(live).running)
        assert time.monotonic() - start_s < CANCEL_S + MARGIN_S
    return answer


def again(operator, **changed):
    """Clean the node up, change parameters, and let it go on."""
    assert operator.change('deactivate', 'cleanup')
    assert operator.set(**changed) == ''
    assert operator.change('configure', 'activate')


@pytest.mark.parametrize('name', list(STAGES))
def test_a_cancel_while(name, live, operator, vlm):
    stage = STAGES[name]
    vlm.model = stage.model
    goal = operator.goal('How far?')
    goal.reaches(stage.heard)
    time.sleep(0.1)  # well inside of what comes next
    assert goal.stages[-1] == stage.heard
    cancel(live, goal)


def test_a_model_that_takes_long_is_told_of(live, operator, vlm, monkeypatch):
    monkeypatch.setattr(job, 'LONG_S', 0.0)
    vlm.model = STAGES['planning'].model
    goal = operator.goal('How far?')
    # what it waits for before that is told, too, where that takes a while
    until(lambda: 'vllm makes a plan …' in [heard.event.text for heard in goal.events])
    cancel(live, goal)


def test_a_cancel_while_it_waits_for_its_turn(live, operator, vlm):
    vlm.model = STAGES['a cell loops'].model
    first = operator.goal('How far?')
    first.reaches('write')
    second = operator.goal('How far?')
    second.reaches('queued')
    assert second.events[0].event.text == 'waits for 1 other query'
    second.cancel()
    ended, answer = second.end()
    assert (ended, answer.status) == ('CANCELED', CANCELED)
    assert 'waited for its turn' in answer.message
    assert second.stages == ['queued']
    cancel(live, first)


def test_a_cancel_while_first_images_are_waited_for(live, operator, plates, monkeypatch):
    monkeypatch.setattr(lookout, 'FIRST_INPUT_WAIT_S', 60.0)
    assert operator.change('deactivate')
    plates.pause(True)
    assert operator.change('activate')
    goal = operator.goal('How far?')
    until(lambda: runner(live).running)
    time.sleep(0.2)
    answer = cancel(live, goal)
    plates.pause(False)
    assert 'waiting for images' in answer.message
    assert goal.events == []


def test_a_cancel_while_the_kernel_starts(live, operator, monkeypatch):
    gate = threading.Event()

    class Starting:
        closed = False
        start = staticmethod(gate.wait)

        def close(self):
            gate.set()

    host = KernelHost(Starting, [].append)
    with monkeypatch.context() as patch:
        patch.setattr(live._resources, 'kernel', host)
        goal = operator.goal('How far?')
        goal.reaches('frames')
        assert 'starting the kernel' in cancel(live, goal).message
    host.close()


def test_a_cancel_while_images_are_decoded(live, operator, decoding, monkeypatch):
    # else the reply to the cancel may take longer over DDS than the step has
    monkeypatch.setattr(query, 'CANCEL_GRACE_S', 60.0)
    entered, gate = decoding
    goal = operator.goal('How far?', max_frames=100)
    assert entered.wait(60.0)
    operator.wait(goal.cancel())
    gate.set()
    ended, answer = goal.end()
    assert (ended, answer.status) == ('CANCELED', CANCELED)
    # the latter when it was the last image that was decoded
    assert 'decoding' in answer.message or 'choosing frames' in answer.message
    until(lambda: not runner(live).running)


def test_a_cancel_while_a_step_does_not_listen(live, operator, decoding):
    entered, gate = decoding
    goal = operator.goal('How far?', max_frames=1)
    assert entered.wait(60.0)
    answer = cancel(live, goal, deaf=True)
    assert runner(live).running == (answer.query_id,)
    later = operator.asking('Is it?')
    until(lambda: runner(live).waiting)
    gate.set()
    assert operator.wait(later).answer.status == OK


def test_feedback_tells_each_step_with_a_picture(operator, vlm):
    vlm.model = script((cell('show(InputImages[0])'), ANSWER))
    goal = operator.goal('How far?', client='me')
    ended, answer = goal.end()
    assert (ended, answer.status, answer.number) == ('SUCCEEDED', OK, 1.0)
    until(lambda: 'answer' in goal.stages)
    assert goal.stages == ['frames', 'plan', 'write', 'run', 'write', 'run', 'answer']
    assert {heard.event.query_id for heard in goal.events} == {answer.query_id}
    assert [heard.event.step for heard in goal.events] == [0, 0, 1, 1, 2, 2, 2]
    assert {heard.event.max_steps for heard in goal.events} == {30}
    pictures = [heard.event.stage for heard in goal.events if len(heard.image.data)]
    assert pictures[:2] == ['frames', 'run']
    assert all(heard.image.format == 'jpeg' for heard in goal.events if len(heard.image.data))


@pytest.mark.parametrize(('code', 'fields', 'ended', 'status'), [
    ('ReturnAnswer(None, reason="it is dark")', {}, 'SUCCEEDED', SpatialAnswer.STATUS_REFUSED),
    ('', {'cameras': ['nobody']}, 'ABORTED', SpatialAnswer.STATUS_INVALID_REQUEST),
    ('', {'question': ' '}, 'ABORTED', SpatialAnswer.STATUS_INVALID_REQUEST),
    ('', {'timeout': 4000.0}, 'ABORTED', SpatialAnswer.STATUS_INVALID_REQUEST),
    ('while True: pass', {'timeout': 0.5}, 'ABORTED', SpatialAnswer.STATUS_TIMEOUT),
])
def test_a_goal_ends_in_the_state_that_fits(operator, vlm, code, fields, ended, status):
    vlm.model = script((cell(code),))
    if 'timeout' in fields:
        fields = {'timeout': duration_message(fields['timeout'])}
    state, answer = operator.goal(**{'question': 'How far?', **fields}).end()
    assert (state, answer.status) == (ended, status), answer.message
    assert answer.message


def test_a_full_line_is_busy_at_once_for_both_doors(live, operator, vlm):
    vlm.model = STAGES['a cell loops'].model
    running = operator.goal('How far?', client='arm')
    running.reaches('write')
    waiting = operator.goal('How far?', client='base')
    served = operator.asking('How far?', client='head')
    until(lambda: len(runner(live).waiting) == 2)
    state, answer = operator.goal('How far?').end()
    for busy in (answer, operator.ask('How far?')):
        assert busy.status == SpatialAnswer.STATUS_BUSY
        for words in ('of arm', 'of base', 'of head', '2 wait'):
            assert words in busy.message
    assert state == 'ABORTED'
    vlm.model = GOOD
    for goal in (waiting, running):  # its turn would come with the end of the other
        goal.cancel()
        assert goal.end()[0] == 'CANCELED'
    assert operator.wait(served).answer.status == OK


def test_a_cancel_at_any_moment_and_one_after_the_end(operator, vlm):
    endless = STAGES['a cell loops'].model
    canceled = {('CANCELED', CANCELED, True)}
    # which comes first, the cancel or the answer, is open only where there is an answer
    either = canceled | {('SUCCEEDED', OK, True), ('SUCCEEDED', OK, False)}
    for model, wait_s, ends in (
            (endless, 0.0, canceled), (endless, 0.02, canceled), (GOOD, 0.0, either),
            (GOOD, 0.05, either), (GOOD, 0.3, either)):
        vlm.model = model
        goal = operator.goal('How far?')
        time.sleep(wait_s)
        reply = goal.cancel()
        ended, answer = goal.end()
        assert (ended, answer.status, bool(operator.wait(reply).goals_canceling)) in ends
    assert not operator.wait(goal.cancel()).goals_canceling


@pytest.mark.parametrize('held', ['handed over', 'set to execute'])
def test_a_cancel_before_the_goal_is_begun(live, operator, vlm, monkeypatch, held):
    """A goal is answered before that, and rclpy looks for a cancel some moments before it."""
    vlm.model = STAGES['a cell loops'].model
    step = {'handed over': (live._serving._server, '_handle_accepted_callback'),
            'set to execute': (ServerGoalHandle, '_update_state')}[held]
    whole, gate = getattr(*step), threading.Event()

    def waits(handle, *event):
        if not event or event[0].name == 'EXECUTE':
            gate.wait(60.0)
        return whole(handle, *event)

    with monkeypatch.context() as patch:
        patch.setattr(*step, waits)
        goal = operator.goal('How far?')
        taken = operator.wait(goal.cancel()).goals_canceling
        gate.set()
        ended, answer = goal.end()
    assert taken
    assert (ended, answer.status) == ('CANCELED', CANCELED)


def test_a_cancel_while_the_goal_ends_is_refused(operator, monkeypatch):
    entered, gate, whole = threading.Event(), threading.Event(), ServerGoalHandle._update_state

    def waits(handle, event):
        if event.name == 'SUCCEED':
            entered.set()
            gate.wait(60.0)
        return whole(handle, event)

    with monkeypatch.context() as patch:
        patch.setattr(ServerGoalHandle, '_update_state', waits)
        goal = operator.goal('How far?')
        assert entered.wait(60.0)
        taken = operator.wait(goal.cancel()).goals_canceling
        gate.set()
        ended, answer = goal.end()
    assert (taken, ended, answer.status) == ([], 'SUCCEEDED', OK)


def test_a_query_ends_when_its_client_has_left(live, operator, vlm, monkeypatch):
    monkeypatch.setattr(leavers, 'GONE_S', 0.5)
    vlm.model = STAGES['a cell loops'].model
    with Operator('acting', 'leaver') as leaver:
        left = leaver.goal('How far?', client='/leaver')
        left.reaches('write')
        others = [operator.goal('How far?', client=client) for client in ('/operator', '/nobody')]
        watch = live._serving._leavers
        until(lambda: list(watch._missing_s.values()) == [None, None])
    others[0].reaches('write')
    # who is no node is not missed
    until(lambda: list(watch._missing_s.values()) == [None])
    assert sorted(runner(live).clients.values()) == ['/nobody', '/operator']
    for goal in reversed(others):
        goal.cancel()
        assert goal.end()[0] == 'CANCELED'


@pytest.mark.parametrize('where', list(PERCEPTION))
def test_a_cancel_while_a_model_perceives(
    where, live, operator, vlm, calls_end, monkeypatch,
):
    with ServerProcess(
            f'{{"masks": {{"call_until": "{calls_end}"}}}}') if 'server' in where else (
            nullcontext()) as server:
        if where != 'in the node':  # as it is configured
            again(operator, perception__url=server.url if server else '', **PERCEPTION[where])
        vlm.model = SEGMENT
        assert operator.ask('Is it?', timeout=duration_message(30.0)).status == OK
        calls_end.unlink()
        entered = threading.Event()
        perception = live._resources.perception
        handle = perception.handle
        monkeypatch.setattr(
            perception, 'handle', lambda *given: (entered.set(), handle(*given))[1])
        goal = operator.goal('How far?')
        assert entered.wait(60.0)
        time.sleep(0.2)  # until the model has it
        cancel(live, goal)
        calls_end.touch()
        vlm.model = SEGMENT
        assert operator.ask('Is it?').status == OK


def test_results_are_not_kept(live):
    until(lambda: not live._serving._server._goal_handles)
    assert live._serving._goals == {}
