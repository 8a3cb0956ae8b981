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


"""`spatialclaw serve` in one process: from command line to a robot's call, and what goes wrong."""

from __future__ import annotations

import ast
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import lab_models
import numpy as np
import pytest
from serve_lab import ServeProcess, load_masks, robot
from served_calls import http
from served_lab import lying, read_request, wait_until

from spatialclaw_ros.cli import serve_watch
from spatialclaw_ros.cli.main import main
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionUnavailableError
from spatialclaw_ros.perception.served import codec
from spatialclaw_ros.perception.served.config import ServeConfig
from spatialclaw_ros.perception.served.config_file import serve_config_names
from spatialclaw_ros.perception.served.messages import ServerStatus
from spatialclaw_ros.perception.served.server_plan import ServerPlan
from spatialclaw_ros.perception.status import ModelStatus

REPOSITORY = Path(__file__).resolve().parents[2]
TOKEN = 'a-token-of-the-laboratory'
LAB = """
depth: {model: 'lab_models:depth', options: {load_s: 1.5, call_fault: poison, fault_if: FAULT}}
masks: {model: 'lab_models:masks'}
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp('serve')
    (made / 'lab.yaml').write_text(LAB.replace('FAULT', str(made / 'fault')))
    (made / 'token').write_text(f'{TOKEN}\n')
    (made / 'empty').write_text('\n')
    (made / 'one.yaml').write_text("depth: {model: 'lab_models:depth'}\nmasks: null\n")
    (made / 'autoscaled.yaml').write_text(
        "depth: {model: 'lab_models:depth'}\nmasks: null\n"
        'serving: {depth: {autoscaling: {max_replicas: 3}}}\n')
    return made


@pytest.fixture(scope='module')
def server(folder: Path) -> Iterator[ServeProcess]:
    process = ServeProcess(
        folder / 'lab.yaml', '--engine', 'plain', '--token-file', str(folder / 'token'),
        timeout_s=60.0)
    yield process
    process.stop()


def depth_of(url: str, token: str) -> float:
    """A depth that the server's model reads in an image."""
    models = robot(url, token)
    try:
        assert models.depth is not None
        image = lab_models.paint_depth(np.full((60, 80), 1.5))
        return float(models.depth.predict([image], None, None, Deadline(20.0)).depth[0][0, 0])
    finally:
        models.close()


def test_it_says_how_loading_goes_and_when_it_is_ready(
    server: ServeProcess, folder: Path,
) -> None:
    assert server.lines[0] == (
        '[serve] starting depth lab_models:depth, masks lab_models:masks; one process')
    assert any(re.match(r'\[serve\] loading depth lab_models:depth: \d+%', line)
               for line in server.lines)
    assert server.lines[-1] == (
        f'[serve] ready: {server.url} (depth lab_models:depth, masks lab_models:masks; one '
        f'process; token of {folder / "token"})')


def test_a_robot_is_served(server: ServeProcess) -> None:
    assert depth_of(server.url, TOKEN) == 1.5


def test_nobody_is_served_without_the_token(server: ServeProcess) -> None:
    for token in ('', 'another'):
        with pytest.raises(PerceptionUnavailableError, match='token'):
            depth_of(server.url, token)


def test_jobs_are_joined_in_one_process_too(server: ServeProcess) -> None:
    load = load_masks(server.url, TOKEN, robots=4, seconds=0.5)
    assert not load.errors
    assert load.calls > 8


def test_a_second_server_finds_the_port_taken(
    server: ServeProcess, folder: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    address = server.url.removeprefix('http://')
    assert main(['serve', str(folder / 'one.yaml'), '--address', address]) == 2
    assert f'{address} is taken' in capsys.readouterr().err


def test_a_poisoned_process_ends(server: ServeProcess, folder: Path) -> None:
    (folder / 'fault').touch()
    with pytest.raises(PerceptionUnavailableError, match=r'started again|can not be reached'):
        depth_of(server.url, TOKEN)
    assert server.process.wait(10.0) == 70
    assert 'a new one takes its place' in server.output


@pytest.mark.parametrize(('number', 'when'), [
    (signal.SIGINT, 'ready:'), (signal.SIGTERM, 'starting'), (signal.SIGTERM, 'ready:')])
def test_a_signal_stops_it(folder: Path, number: int, when: str) -> None:
    process = ServeProcess(folder / 'one.yaml', wait=False)
    process.wait_for(re.compile(when), 60.0)
    began_s = time.monotonic()
    assert process.stop(number) == 0, process.output
    assert time.monotonic() - began_s < 30.0
    assert process.lines[-1] == '[serve] stopped'


def test_a_model_that_can_not_be_loaded_is_told(folder: Path) -> None:
    path = folder / 'fault.yaml'
    path.write_text(
        "depth: {model: 'lab_models:depth', options: {load_fault: weights}}\nmasks: null\n")
    process = ServeProcess(path, wait=False)
    process.wait_for(re.compile('spatialclaw serve: .*no weights in'), 60.0)
    assert process.process.wait(20.0) == 1
    assert process.lines[-1] == (
        'spatialclaw serve: depth lab_models:depth: lab_models:depth: no weights in /models/lab; '
        'copy them there')


def test_a_status_that_fails_at_first_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve_watch, '_PERIOD_S', 0.02)
    ready = codec.encode_plain(ServerStatus(version='1', models=(
        ModelStatus(role='depth', name='m', state='ready'),))).join()
    answers = [http(b'Internal Server Error', '500 Internal Server Error', 'text/plain'),
               http(b'x', '503 Service Unavailable', 'text/plain'), http(ready)]

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answers.pop(0) if len(answers) > 1 else answers[0])

    said: list[str] = []
    with lying(answer) as port:
        plan = ServerPlan(ServeConfig(), '127.0.0.1', port, 'plain', '', 'no token')
        with closing(serve_watch.Watch(
                plan, port, timeout_s=20.0, say=said.append, fail=lambda: None)) as watch:
            wait_until(lambda: bool(said))
    assert said[0].startswith(f'ready: http://127.0.0.1:{port} (')
    assert not watch.failure


@pytest.mark.parametrize(('arguments', 'parts'), [
    (['nope'], ['no perception configuration', 'default, server_24gb', 'path of a YAML file']),
    (['defualt'], ["did you mean 'default'?"]),
    (['absent.yaml'], ['no file absent.yaml']),
    (['{folder}/one.yaml', '--address', '0.0.0.0:0'],
     ['without a token', '--token-file', 'secrets']),
    (['{folder}/one.yaml', '--address', '192.0.2.1:8450', '--token-file', '{folder}/token'],
     ["can't listen at 192.0.2.1:8450"]),
    (['{folder}/one.yaml', '--address', 'no.such.host', '--token-file', '{folder}/token'],
     ["can't listen at no.such.host:8450"]),
    (['{folder}/one.yaml', '--address', '127.0.0.1:http'], ['--address must be HOST:PORT']),
    (['{folder}/one.yaml', '--address', '127.0.0.1:\xb2'], ['--address must be HOST:PORT']),
    (['{folder}/one.yaml', '--address', '127.0.0.1:70000'], ['--address must be HOST:PORT']),
    (['{folder}/one.yaml', '--token-file', '{folder}/gone'], ['can not be read', 'gone']),
    (['{folder}/one.yaml', '--token-file', '{folder}/empty'], ['is empty']),
    (['{folder}/one.yaml', '--replicas', '0'], ['--replicas must be 1 or more, got 0']),
    (['{folder}/one.yaml', '--replicas', '2', '--engine', 'plain'],
     ['one process', '--replicas asks for 2', '--engine ray']),
])
def test_what_can_not_be_started_is_told_in_a_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], parts: list[str],
) -> None:
    words = [each.replace('{folder}', str(folder)) for each in arguments]
    assert main(['serve', *words]) == 2
    told = capsys.readouterr().err
    assert told.startswith('spatialclaw serve: ')
    assert told.count('\n') == 1
    for part in parts:
        assert part in told


@pytest.mark.parametrize('arguments', [['--engine', 'ray'], ['--replicas', '2'], []])
def test_replicas_without_ray_tell_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    monkeypatch.setitem(sys.modules, 'ray', None)
    name = 'one.yaml' if arguments else 'autoscaled.yaml'
    assert main(['serve', str(folder / name), '--address', '127.0.0.1:0', *arguments]) == 2
    told = capsys.readouterr().err
    assert 'pip install ".[serve,ray]"' in told
    assert '--engine plain' in told


def test_an_address_of_ipv6_is_served(folder: Path) -> None:
    if not socket.has_ipv6 or not Path('/proc/net/if_inet6').exists():
        pytest.skip('no IPv6 on this machine')
    process = ServeProcess(folder / 'one.yaml', '--address', '[::1]:0', timeout_s=60.0)
    try:
        assert process.url.startswith('http://[::1]:')
        assert depth_of(process.url, '') == 1.5
    finally:
        assert process.stop() == 0


def test_the_launch_file_hands_its_arguments_on() -> None:
    text = (REPOSITORY / 'launch' / 'perception.launch.py').read_text(encoding='utf-8')
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    declared = {}
    for call in calls:
        if getattr(call.func, 'id', '') == 'DeclareLaunchArgument':
            named = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
            declared[ast.literal_eval(call.args[0])] = named
    used = {ast.literal_eval(call.args[0]) for call in calls
            if getattr(call.func, 'id', '') == 'LaunchConfiguration'}
    assert set(declared) == used
    assert all(each['description'] for each in declared.values())
    assert declared['address']['default_value'] == '127.0.0.1:8450'
    assert declared['config']['default_value'] in serve_config_names()
    options = {str(word.value).rstrip('=') for word in ast.walk(ast.parse(text))
               if isinstance(word, ast.Constant) and str(word.value).startswith('--')}
    help_text = subprocess.run(
        [sys.executable, '-m', 'spatialclaw_ros.cli.main', 'serve', '--help'],
        capture_output=True, text=True, check=True, timeout=60).stdout
    assert options == {'--address', '--engine', '--token-file', '--ready-timeout-s'}
    assert all(option in help_text for option in options)
