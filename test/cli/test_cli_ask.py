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

import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from node_process import NodeProcess
from query_double import NUMBER, SLOW, QueryDouble, answer_to
from rich.console import Console
from robot_double import PARAMETERS, RobotDouble
from service_client import ServiceClient

from spatialclaw_ros.cli.ask import print_answer, show_progress
from spatialclaw_ros.cli.main import main
from spatialclaw_ros.client import Progress

SPATIALCLAW = Path(sys.executable).with_name('spatialclaw')
LONELY_DOMAIN = '101'
DISTANCE = 'How far apart are the red ball and the blue ball?'


@pytest.fixture(scope='module')
def node(tmp_path_factory):
    robot = RobotDouble()
    folder = tmp_path_factory.mktemp('ask')
    parameters = {**PARAMETERS, 'max_frames': 2, 'trace_dir': str(folder / 'traces')}
    with NodeProcess(folder, parameters) as process:
        with ServiceClient() as client:
            client.ask_seeing(DISTANCE, timeout_s=60.0)
        yield process
    robot.close()


def test_an_answer_is_printed_with_what_it_rests_on(node):
    result = subprocess.run(
        [sys.executable, SPATIALCLAW, 'ask', DISTANCE, '--wait', '60'],
        capture_output=True, text=True, timeout=120.0, cwd=SPATIALCLAW.parent, check=False)
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


def test_options_reach_the_node(node, capsys):
    assert main([
        'ask', 'Where is the red ball?', '--type', 'point', '--frame', 'odom', '--camera', 'camera',
        '--timeout', '60', '--quiet']) == 0
    said = capsys.readouterr()
    assert said.err == ''
    assert said.out.count('\n') == 1
    assert 'm in odom' in said.out


@pytest.mark.parametrize(('arguments', 'words'), [
    (['Sing me a song'], ('REFUSED', 'distance')),
    ([DISTANCE, '--tolerance', '0.0001'], ('REFUSED', 'a sigma of', '0.0001 m', 'would help')),
    (['Is it red?', '--camera', 'nose'], ('INVALID_REQUEST', "'nose'", 'camera')),
])
def test_no_answer_is_status_1_and_says_why(node, arguments, words, capsys):
    assert main(['ask', *arguments]) == 1
    said = capsys.readouterr().out
    for word in words:
        assert word in said


@pytest.mark.parametrize('arguments', [
    [], ['q', '--tolerance', '0'], ['q', '--tolerance', 'nan'],
    ['q', '--timeout', '-1'], ['q', '--timeout', 'soon'], ['q', '--type', 'poem'],
    ['q', '--type', 'choice', '--choice', 'one']])
def test_a_wrong_command_line_is_status_2(arguments, capsys):
    try:
        status = main(['ask', *arguments])
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert capsys.readouterr().err


def test_what_a_model_wrote_does_not_steer_the_terminal():
    evil = 'red\x1b]52;c;cm0=\x07\x1b[2J\nOK: 0.4 m\u202e'
    answer = answer_to(NUMBER)
    answer.text, answer.query_id, answer.missing_priors = evil, evil, [evil]
    refusal = answer_to('refused')
    refusal.message = evil
    told = Progress('q-1', 'plan', 0, 30, evil)
    console = Console(file=io.StringIO(), soft_wrap=True)
    show_progress(console, told)
    print_answer(console, answer)
    print_answer(console, refusal, quiet=True)
    said = console.file.getvalue()
    assert not set('\x1b\x07\u202e') & set(said)
    assert [line for line in said.splitlines() if line.startswith('OK')] == []
    assert said.count('red\u241b') == 5


def test_ctrl_c_cancels_the_query_and_says_so():
    server = QueryDouble('slow_node')
    command = subprocess.Popen(
        [sys.executable, SPATIALCLAW, 'ask', SLOW, '--node', 'slow_node', '--wait', '60'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=SPATIALCLAW.parent)
    try:
        assert 'thinking' in command.stderr.readline()
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=60.0)
        assert command.returncode == 130
        assert 'cancelling' in said
        assert 'CANCELED: the node says canceled' in said
        assert server.canceled == [SLOW]
    finally:
        command.kill()
        command.wait()
        server.close()


def test_no_node_is_status_3_and_tells_how_to_start_one(monkeypatch, capsys):
    monkeypatch.setenv('ROS_DOMAIN_ID', LONELY_DOMAIN)
    assert main(['ask', 'q', '--node', '/nobody', '--wait', '0.5']) == 3
    said = capsys.readouterr().err
    assert '/nobody/query' in said
    assert 'spatialclaw_node' in said
    assert f'ROS_DOMAIN_ID (here {LONELY_DOMAIN})' in said


def test_a_missing_package_is_named_without_a_traceback(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'rclpy', None)
    for name in [name for name in sys.modules if name.startswith('spatialclaw_ros.client')]:
        monkeypatch.delitem(sys.modules, name)
    assert main(['ask', 'q']) == 3
    said = capsys.readouterr().err
    assert 'rclpy' in said
    assert 'spatialclaw doctor' in said
