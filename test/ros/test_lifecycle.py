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


"""The node's lifecycle over DDS: each transition, those that fail, and what they leave."""

from __future__ import annotations

import gc
import os
import signal
import threading
import weakref

import psutil
import pytest
import yaml
from lab_models import SUPPORT
from live_node import LiveNode, Operator, until
from node_process import NodeProcess
from plates import parameters, robot

from spatialclaw_ros.errors import DependencyError
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros import node as node_module
from spatialclaw_ros.ros import resources
from spatialclaw_ros.ros.main import Process
from spatialclaw_ros.ros.plain import duration_message

ANSWER = 'ReturnAnswer(1.0, unit="m")'
REPLY = 'Purpose: p\nReasoning: r\nNext goal: g\n\n```python\n{}\n```\n'
ROUNDS = 4
UP, DOWN = ('configure', 'activate'), ('deactivate', 'cleanup')


@pytest.fixture(scope='module')
def plates():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', SUPPORT)
        double = robot()
        yield double
        double.close()


@pytest.fixture(scope='module')
def script(tmp_path_factory):
    """A script whose one cell does what a test writes into it."""
    path = tmp_path_factory.mktemp('lifecycle') / 'script.yaml'

    def write(cell=ANSWER):
        path.write_text(yaml.safe_dump({'replies': [REPLY.format(cell)]}), encoding='utf-8')
        return path
    return write


@pytest.fixture(scope='module')
def live(plates, script):
    """A node that perceives by itself."""
    given = parameters(script().parent, perception__run_in='node')
    with LiveNode('managed', given | {'backbone_script': str(script())}) as made:
        yield made.node


@pytest.fixture(scope='module')
def operator(live):
    with Operator('managed') as made:
        yield made


@pytest.fixture
def unconfigured(live, operator, script):
    """The node, unconfigured before a test and after it."""
    script()
    yield live
    if operator.state == 'active':
        assert operator.change('deactivate')
    if operator.state == 'inactive':
        assert operator.change('cleanup')
    assert operator.state == 'unconfigured'
    assert live._resources is None


def test_requests_that_come_at_once_wait_to_be_taken(live):
    # of ten, as services have it by default, one more than that would drop the first
    assert live._serving._service.qos_profile.depth >= 100


def test_each_state_answers_and_names_the_way_to_the_next(unconfigured, operator):
    steps = [
        (None, 'unconfigured', 'ros2 lifecycle set /managed configure'),
        ('configure', 'inactive', 'ros2 lifecycle set /managed activate'),
        ('activate', 'active', ''), ('deactivate', 'inactive', 'activate'),
        ('activate', 'active', ''), ('deactivate', 'inactive', 'activate'),
        ('cleanup', 'unconfigured', 'configure')]
    seen = weakref.ref(unconfigured)
    for transition, state, words in steps:
        assert transition is None or operator.change(transition)
        assert operator.state == state
        if state == 'active':
            seen = weakref.ref(unconfigured._inputs)
        elif transition == 'deactivate':
            # images go with it, not when Python next looks for what refers to itself
            until(lambda one=seen: one() is None)
        answer = operator.ask('Is it?')
        ended, result = operator.goal('Is it?').end()
        assert result.status == answer.status
        if words:
            assert (answer.status, ended) == (SpatialAnswer.STATUS_INACTIVE, 'ABORTED')
            assert words in answer.message
            assert words in result.message
        else:
            assert (answer.status, ended) == (SpatialAnswer.STATUS_OK, 'SUCCEEDED'), answer
    assert not operator.change('activate')
    assert operator.state == 'unconfigured'


@pytest.fixture
def apart(unconfigured, operator):
    """The node, while its perception runs in a process of its own."""
    assert operator.set(perception__run_in='process') == ''
    yield unconfigured
    if operator.state != 'unconfigured':
        assert operator.change(*DOWN)
    assert operator.set(perception__run_in='node') == ''


def test_while_it_starts_itself_as_many_wait_as_may(unconfigured, operator):
    assert operator.set(max_queued=1) == ''
    unconfigured.hold()
    given_up = operator.goal('Is it?')
    given_up.reaches('queued')
    assert given_up.events[0].event.text == 'waits until the node has started'
    late = operator.ask('Is it?', timeout=duration_message(0.2))
    assert (late.status, late.timings[0].name) == (SpatialAnswer.STATUS_TIMEOUT, 'total')
    assert late.timings[0].duration_s >= 0.2
    assert 'the start of the node' in late.message
    assert operator.ask(' ').status == SpatialAnswer.STATUS_INVALID_REQUEST
    patient = operator.asking('Is it?')
    until(lambda: unconfigured._serving.start.waiting == 2)
    busy = operator.ask('Is it?')
    assert busy.status == SpatialAnswer.STATUS_BUSY
    assert 'the node is starting, and 2 queries wait' in busy.message
    given_up.cancel()
    assert given_up.end()[0] == 'CANCELED'
    assert unconfigured.start()
    answer = operator.wait(patient).answer
    assert (answer.status, answer.timings[0].name) == (SpatialAnswer.STATUS_OK, 'queued')
    assert operator.set(max_queued=4) == ''


def held():
    """Threads, descriptors and processes of this process."""
    gc.collect()
    me = psutil.Process()
    descriptors = {number: os.readlink(f'/proc/self/fd/{number}')
                   for number in os.listdir('/proc/self/fd')
                   if os.path.islink(f'/proc/self/fd/{number}')}
    # pools of executors grow to what they need, and stay
    threads = [each for each in threading.enumerate() if 'PoolExecutor' not in each.name]
    return len(threads), len(descriptors), len(me.children(recursive=True))


def test_rounds_leave_nothing_behind(apart, operator):
    def round_trip():
        assert operator.change(*UP)
        assert operator.ask('Is it?').status == SpatialAnswer.STATUS_OK
        assert operator.change(*DOWN)

    for _ in range(2):  # what is made once and kept: pools, caches of libraries
        round_trip()
    before, nodes = held(), operator.nodes
    for _ in range(ROUNDS - 2):
        round_trip()
    until(lambda: operator.nodes == nodes)
    until(lambda: all(now <= then for now, then in zip(held(), before)))


def test_models_stay_while_it_is_inactive_and_go_with_cleanup(apart, operator, monkeypatch):
    assert operator.change(*UP)
    perceives = psutil.Process(until_pid(apart))
    assert operator.change('deactivate', 'activate')
    assert until_pid(apart) == perceives.pid
    kept = weakref.ref(apart._resources.perception)
    until(lambda: apart._diagnostics._perception)
    monkeypatch.setattr(apart._diagnostics, '_parts', tuple)  # the next look may come any time
    assert operator.change(*DOWN)
    assert not perceives.is_running()
    assert kept() is None, 'a closed perception keeps its descriptors'


def until_pid(node):
    perception = node._resources.perception
    until(lambda: perception.status().pid)
    return perception.status().pid


def test_a_step_that_fails_says_why_and_can_be_tried_again(
    unconfigured, operator, tmp_path, script,
):
    broken = tmp_path / 'broken.yaml'
    broken.write_text('replies: 3', encoding='utf-8')
    assert operator.set(backbone_script=str(broken)) == ''
    assert not operator.change('configure')
    assert operator.state == 'unconfigured'
    message = operator.ask('Is it?').message
    assert str(broken) in message
    assert 'ros2 lifecycle set /managed configure' in message
    until(lambda: str(broken) in operator.diagnostics['managed: lifecycle'])
    assert operator.set(backbone_script=str(script()), max_concurrent=2) == ''
    assert operator.change(*UP)
    assert operator.ask('Is it?').status == SpatialAnswer.STATUS_OK
    refusal = operator.set(max_concurrent=1)
    assert 'ros2 lifecycle set /managed deactivate' in refusal
    assert operator.change(*DOWN)
    assert operator.set(max_concurrent=1) == ''


def test_cameras_are_named_anew_between_two_configures(unconfigured, operator):
    before = list(unconfigured.parameters.settings.cameras)
    assert operator.set(cameras=[*before, 'second']) == ''
    assert operator.set(second__image='/second/image') == ''
    assert operator.change(*UP)
    assert [camera.name for camera in unconfigured._inputs.cameras.status()] == [*before, 'second']
    until(lambda: '/second/image' in operator.diagnostics.get('managed: camera second', ''))
    assert 'ros2 lifecycle set /managed cleanup' in operator.set(cameras=before)
    assert operator.change(*DOWN)
    assert operator.set(cameras=before) == ''
    assert operator.change(*UP)
    assert operator.ask('Is it?').status == SpatialAnswer.STATUS_OK


@pytest.mark.parametrize(('step', 'error', 'state'), [
    ('configure', ZeroDivisionError('oops'), 'unconfigured'),
    ('activate', DependencyError('the package is not installed'), 'inactive'),
    ('activate', ZeroDivisionError('oops'), 'unconfigured'),
])
def test_what_fails_leaves_the_state_that_lifecycle_names(
    unconfigured, operator, monkeypatch, step, error, state,
):
    def fail(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        if step == 'configure':
            patch.setattr(node_module, 'Outputs', fail)
        else:
            patch.setattr(resources, 'open_perception', fail)
            assert operator.change('configure')
        assert not operator.change(step)
        assert operator.state == state
        assert str(error) in operator.ask('Is it?').message
    assert (unconfigured._resources is None) == (state == 'unconfigured')
    assert operator.change(*(UP if state == 'unconfigured' else UP[1:]))
    assert operator.ask('Is it?').status == SpatialAnswer.STATUS_OK


def test_a_transition_while_another_one_runs_is_refused(unconfigured, operator, monkeypatch):
    gate = threading.Event()
    make = node_module.Resources

    def slow(*given):
        gate.wait(60.0)
        return make(*given)

    monkeypatch.setattr(node_module, 'Resources', slow)
    first = operator.changing('configure')
    until(lambda: operator.state == 'configuring')
    assert not operator.change('configure')
    assert 'configuring' in operator.ask('Is it?').message
    gate.set()
    assert operator.wait(first).success
    assert operator.state == 'inactive'


@pytest.mark.parametrize(('wait_s', 'status'), [
    (0.0, SpatialAnswer.STATUS_CANCELED), (60.0, SpatialAnswer.STATUS_OK)])
def test_deactivate_ends_what_waits_and_what_runs(
    unconfigured, operator, script, decoding, wait_s, status,
):
    if not wait_s:
        script('while True: pass')
    entered, gate = decoding
    assert operator.set(deactivate_wait_s=wait_s) == ''
    assert operator.change(*UP)
    running = operator.goal('Is it?', client='a')
    assert entered.wait(60.0)
    waiting = operator.goal('Is it?', client='b')
    waiting.reaches('queued')
    served = operator.asking('Is it?', client='c')
    until(lambda: len(unconfigured._serving.handler.runner.waiting) == 2)
    if not wait_s:
        gate.set()
        running.reaches('write')
    leaving = operator.changing('deactivate')
    until(lambda: operator.state == 'deactivating' or leaving.done())
    gate.set()
    ended, answer = running.end()
    assert operator.wait(leaving).success
    assert answer.status == status, answer.message
    assert ended == ('SUCCEEDED' if wait_s else 'ABORTED')
    for late in (waiting.end()[1], operator.wait(served).answer):
        assert late.status == SpatialAnswer.STATUS_CANCELED, late.message
        assert 'deactivated' in late.message
    assert operator.set(deactivate_wait_s=0.0) == ''
    if wait_s:
        assert operator.change('activate')
        assert operator.ask('Is it?').status == SpatialAnswer.STATUS_OK


def raises():
    raise RuntimeError('Failed to trigger lifecycle state machine transition')


@pytest.mark.parametrize('first', ['another', 'another, on Humble'])
def test_a_node_that_somebody_else_starts_goes_on(unconfigured, operator, monkeypatch, first):
    if first == 'another':
        assert operator.change('configure')
    else:
        monkeypatch.setattr(unconfigured, 'trigger_configure', raises)
    stop = threading.Event()
    process = Process(unconfigured, stop)
    process._start()
    process._executor.shutdown()
    assert not stop.is_set()
    assert operator.ask('Is it?').status == SpatialAnswer.STATUS_INACTIVE


@pytest.mark.parametrize('shutdown', [raises, lambda: node_module.ERROR])
def test_a_stop_beside_another_transition_gives_everything_back(tmp_path, monkeypatch, shutdown):
    released = []
    with LiveNode('stopping', parameters(tmp_path)) as made, monkeypatch.context() as patch:
        patch.setattr(made.node, 'trigger_shutdown', shutdown)
        patch.setattr(made.node, '_release', lambda: released.append(True))
        made.node.release()
    assert released


def test_a_process_that_does_not_start_itself(tmp_path):
    given = parameters(tmp_path, autostart=False, backbone_script=str(tmp_path / 'none.yaml'))
    with NodeProcess(tmp_path, given, ('-r', '__node:=waits')) as process, Operator(
            'waits') as waiting:
        assert waiting.state == 'unconfigured'
        assert not waiting.change('configure')
        assert 'none.yaml' in waiting.ask('Is it?').message
        assert process.running
        assert 'none.yaml' in process.log
        assert waiting.change('unconfigured_shutdown')
        assert waiting.state == 'finalized'
        assert 'finalized' in waiting.ask('Is it?').message
        assert process.stop(signal.SIGTERM) == 0
        assert 'Traceback' not in process.log
