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

"""`spatialclaw ask` against a running node: what it prints, and its exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from node_process import NodeProcess
from query_double import SLOW, QueryDouble
from robot_double import PARAMETERS, RobotDouble

from spatialclaw_ros.cli.main import main

SPATIALCLAW = Path(sys.executable).with_name('spatialclaw')
LONELY_DOMAIN = '101'
DISTANCE = 'How far apart are the red ball and the blue ball?'


def spatialclaw(*arguments, timeout_s=60.0, **environment):
    return subprocess.run(
        [sys.executable, '-c', 'import sys; from spatialclaw_ros.cli.main import main; '
         'sys.exit(main())', *arguments],
        capture_output=True, text=True, timeout=timeout_s, cwd=SPATIALCLAW.parent,
        env={**os.environ, **environment}, check=False)


@pytest.fixture(scope='module')
def node(tmp_path_factory):
    robot = RobotDouble()
    folder = tmp_path_factory.mktemp('ask')
    parameters = {**PARAMETERS, 'max_frames': 2, 'trace_dir': str(folder / 'traces')}
    with NodeProcess(folder, parameters) as process:
        yield process
    robot.close()


def test_an_answer_is_printed_with_what_it_rests_on(node):
    result = spatialclaw('ask', DISTANCE)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    value, _, sigma = lines[0].partition(' m  ± ')
    assert float(value) == pytest.approx(0.2, abs=0.01)
    assert 0 < float(sigma.removesuffix(' m')) < 0.05
    assert 'metres from sensor_depth' in result.stdout
    assert 'm in base_link' in result.stdout
    trace = next(line.split(maxsplit=1)[1] for line in lines if line.split()[0] == 'trace')
    assert (Path(trace) / 'trace.jsonl').is_file()
    for stage in ('frames', 'plan', 'write 1', 'run 1', 'answer'):
        assert stage in result.stderr


def test_options_reach_the_node(node):
    result = spatialclaw(
        'ask', 'Where is the red ball?', '--type', 'point', '--frame', 'odom', '--camera', 'camera',
        '--timeout', '20', '--quiet')
    assert result.returncode == 0, result.stderr
    assert result.stderr == ''
    assert result.stdout.count('\n') == 1
    assert 'm in odom' in result.stdout


@pytest.mark.parametrize(('arguments', 'words'), [
    (['Sing me a song'], ('REFUSED', 'distance')),
    (['Is it red?', '--camera', 'nose'], ('INVALID_REQUEST', "'nose'", 'camera')),
])
def test_no_answer_is_status_1_and_says_why(node, arguments, words):
    result = spatialclaw('ask', *arguments)
    assert result.returncode == 1
    for word in words:
        assert word in result.stdout


@pytest.mark.parametrize('arguments', [
    [], ['q', '--timeout', '-1'], ['q', '--timeout', 'soon'], ['q', '--type', 'poem'],
    ['q', '--type', 'choice', '--choice', 'one']])
def test_a_wrong_command_line_is_status_2(arguments):
    result = spatialclaw('ask', *arguments)
    assert result.returncode == 2
    assert result.stderr


def test_ctrl_c_cancels_the_query_and_says_so():
    server = QueryDouble('slow_node')
    command = subprocess.Popen(
        [sys.executable, SPATIALCLAW, 'ask', SLOW, '--node', 'slow_node', '--wait', '30'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=SPATIALCLAW.parent)
    try:
        assert 'thinking' in command.stderr.readline()
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=20.0)
        assert command.returncode == 130
        assert 'cancelling' in said
        assert 'CANCELED: the node says canceled' in said
        assert server.canceled == [SLOW]
    finally:
        command.kill()
        command.wait()
        server.close()


def test_no_node_is_status_3_and_tells_how_to_start_one():
    result = spatialclaw(
        'ask', 'q', '--node', '/nobody', '--wait', '0.5', ROS_DOMAIN_ID=LONELY_DOMAIN)
    assert result.returncode == 3
    assert '/nobody/query' in result.stderr
    assert 'spatialclaw_node' in result.stderr
    assert f'ROS_DOMAIN_ID (here {LONELY_DOMAIN})' in result.stderr


def test_another_node_is_named_when_the_one_asked_for_is_not_there(node):
    for wait in ('2', '10'):  # where processors are short, who is there is known late
        result = spatialclaw('ask', 'q', '--node', '/nobody', '--wait', wait)
        assert result.returncode == 3
        if 'there is' in result.stderr:
            break
    assert 'there is /spatialclaw: ask for it by its name (--node)' in result.stderr


def test_a_missing_package_is_named_without_a_traceback(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'rclpy', None)
    for name in [name for name in sys.modules if name.startswith('spatialclaw_ros.client')]:
        monkeypatch.delitem(sys.modules, name)
    assert main(['ask', 'q']) == 3
    said = capsys.readouterr().err
    assert 'rclpy' in said
    assert 'spatialclaw doctor' in said
