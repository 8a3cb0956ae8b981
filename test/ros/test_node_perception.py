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


"""Perception in the node, in a process, on a server: the same answers, and what goes wrong."""

from __future__ import annotations

import json
import signal
import time
from contextlib import suppress

import numpy as np
import psutil
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from lab_models import SUPPORT
from node_process import NodeProcess
from plates import APART_M, Asking, Listener, ServerProcess, parameters, robot
from service_client import ServiceClient

from spatialclaw_ros.cli.findings import MISSING, WARNS, WELL
from spatialclaw_ros.cli.perception_report import examine_node
from spatialclaw_ros.msg import SpatialAnswer

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
DEPTH = {'scale': 2.0}


@pytest.fixture(scope='module', autouse=True)
def plates():
    double = robot()
    yield double
    double.close()


@pytest.fixture(scope='module')
def listener():
    with Listener() as made:
        yield made


@pytest.fixture(scope='module', autouse=True)
def lab_models_on_path():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', SUPPORT)
        yield


def node(folder, name, given):
    return NodeProcess(folder, given, ('-r', f'__node:={name}'))


def ask(client, question='How far?', timeout_s=60.0):
    """The answer, once images enough and TF have come."""
    return client.ask_seeing(question, timeout_s=timeout_s)


def told(answer):
    """What must not depend on where models run."""
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert answer.number == pytest.approx(APART_M, abs=0.01)
    return (answer.number, [(p.x, p.y, p.z) for p in answer.points], answer.scale_source,
            answer.missing_priors)


@pytest.fixture(scope='module', autouse=True)
def without_server(tmp_path_factory, listener, lab_models_on_path, plates):
    """A node with a server, an answer of it, and a question after that server is gone.

    That one ends after ten seconds, in which the other tests begin.
    """
    folder = tmp_path_factory.mktemp('remote')
    with ServerProcess(json.dumps({'depth': DEPTH})) as server:
        given = parameters(folder, perception__url=server.url)
        with node(folder, 'remote', given) as process, ServiceClient('/remote') as client:
            before = ask(client)
            values = listener.until('remote', OK, 'lab_models:masks ready')
            assert server.url in values.values()
            server.kill()
            yield server.url, process, before, Asking(client)


@pytest.fixture(scope='module')
def in_node(tmp_path_factory):
    """The answer of a node that has the models itself, and how one ends that is cut short."""
    folder = tmp_path_factory.mktemp('in_node')
    given = parameters(folder, DEPTH, {'call_s': 0.5}, perception__run_in='node')
    events = []
    with node(folder, 'alone', given) as process, ServiceClient(
            '/alone', on_event=events.append) as client:
        answer = ask(client)
        assert not any(map(perceives, process.children()))
        cut_short = stopped_while_asked(process, client, events)
    return answer, cut_short


def perceives(process):
    """Whether a process is one of ours that perceives for a node."""
    with suppress(psutil.Error):
        return 'process/boot.py' in ' '.join(process.cmdline())
    return False


def stopped_while_asked(process, client, events):
    """How a question ends when the node is told to stop; nothing may be left of it."""
    events.clear()
    asking = Asking(client)
    until(lambda: 'frames' in [event.stage for event in events])
    mine = process.children()
    assert process.stop(signal.SIGTERM) == 0
    assert psutil.wait_procs(mine, timeout=30.0)[1] == []
    assert 'Traceback' not in process.log
    return asking.answer()


def test_an_answer_says_where_its_metres_come_from(in_node):
    answer, cut_short = in_node
    *_, scale_source, notes = told(answer)
    assert scale_source == 'sensor_depth'
    assert any('median difference' in note for note in notes), notes
    assert cut_short.status == SpatialAnswer.STATUS_CANCELED, cut_short.message


def test_a_process_that_is_killed(tmp_path, listener, in_node):
    expected = told(in_node[0])
    once, loads = tmp_path / 'once', tmp_path / 'loads'
    loads.touch()
    given = parameters(
        tmp_path, DEPTH, {'call_fault': 'kill', 'fault_once': str(once), 'load_until': str(loads)})
    events = []
    with node(tmp_path, 'apart', given) as process, ServiceClient(
            '/apart', on_event=events.append) as client:
        assert told(ask(client)) == expected
        values = listener.until(
            'apart', OK, 'lab_models:masks ready',
            fits=lambda values: int(values['masks: calls']) >= 2)
        assert (values['runs in'], values['restarts']) == ('process', '0')
        first = psutil.Process(int(values['process']))
        assert perceives(first)
        held = mapped(process)

        once.touch()
        assert told(ask(client)) == expected
        assert not once.exists()
        until(lambda: not first.is_running())
        values = listener.until('apart', WARN, 'started again')
        assert values['restarts'] == '1'
        assert values['process'] != str(first.pid)
        # what is still being drawn is let go a moment later
        until(lambda: mapped(process) <= held)

        loads.unlink()
        psutil.Process(int(values['process'])).kill()
        listener.until('apart', WARN, 'loading lab_models:masks')
        answer = stopped_while_asked(process, client, events)
        assert answer.status == SpatialAnswer.STATUS_CANCELED, answer.message


def until(condition):
    """Wait until something is so."""
    end_s = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < end_s, 'it did not happen'
        time.sleep(0.05)


def mapped(process):
    """How many of other processes' results the node holds."""
    return sum('/memfd:' in each.path for each in process.process.memory_maps(grouped=False))


def test_weights_that_are_missing_while_others_are_asked(tmp_path, listener):
    read = tmp_path / 'read'
    given = parameters(
        tmp_path, masks={'load_until': str(read), 'load_fault': 'weights'},
        backbone='rules', max_frames=2, reconstruct='rgbd')
    with node(tmp_path, 'waiting', given), ServiceClient('/waiting') as client:
        answer = ask(client, 'How far did the camera move?')
        assert answer.status == SpatialAnswer.STATUS_OK, answer.message
        values = listener.until('waiting', WARN, 'loading lab_models:masks')
        assert 90 <= int(values['masks: loaded (%)']) < 100
        for timeout_s in (1.0, 5.0, 20.0):  # a busy machine needs longer to get there
            answer = ask(client, 'Where is the red ball?', timeout_s=timeout_s)
            if 'still loading' in answer.message:
                break
        assert answer.status == SpatialAnswer.STATUS_TIMEOUT, answer.message
        assert 'still loading lab_models:masks' in answer.message
        told_of = {each.name: each for each in examine_node('waiting')}
        assert told_of['perception'].state == told_of['masks model'].state == WARNS
        assert '% loaded' in told_of['masks model'].detail
        assert told_of['kernel'].state == WELL
        read.touch()
        answer = ask(client, 'Where is the red ball?')
        assert answer.status == SpatialAnswer.STATUS_PERCEPTION_UNAVAILABLE, answer.message
        assert 'no weights in /models/lab; copy them there' in answer.message
        listener.until('waiting', ERROR, 'no weights in /models/lab')
        nobody, = examine_node('nobody', timeout_s=0.1)
        assert nobody.state == MISSING

        answer = ask(client, 'How far did the camera move?')
        assert answer.status == SpatialAnswer.STATUS_OK, answer.message


def test_a_server_that_goes_away(without_server, listener, in_node):
    url, process, before, asking = without_server
    np.testing.assert_allclose(told(before)[0], in_node[0].number, atol=1e-6)
    listener.until('remote', ERROR, url)
    answer = asking.answer()
    assert answer.status == SpatialAnswer.STATUS_PERCEPTION_UNAVAILABLE, answer.message
    assert url in answer.message
    assert 'perception.url' in answer.message
    assert f'`curl {url}/v1/status`' in answer.message
    assert process.stop() == 0
    assert 'Traceback' not in process.log
