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

"""`vllm serve` as a configuration has it: its command line, its health, its end."""

from __future__ import annotations

import ast
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import script

from spatialclaw_ros.backbone.vllm.config import Serve, VllmConfig
from spatialclaw_ros.backbone.vllm.config_file import read_config
from spatialclaw_ros.backbone.vllm.serve import (
    main,
    serve_arguments,
    server_environment,
    wait_until_healthy,
)
from spatialclaw_ros.errors import InvalidRequestError

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = VllmConfig(model='served', serve=Serve(model='Org/Model', port=8100, arguments={
    'max-model-len': 4096, 'limit-mm-per-prompt': {'image': 64}, 'enable-prefix-caching': True,
    'trust-remote-code': False, 'gpu-memory-utilization': 0.5, 'dtype': 'bfloat16'}))


def test_the_command_line() -> None:
    assert serve_arguments(CONFIG, port=8200) == [
        'vllm', 'serve', 'Org/Model', '--host', '127.0.0.1', '--port', '8200',
        '--served-model-name', 'served', '--max-model-len', '4096', '--limit-mm-per-prompt',
        '{"image": 64}', '--enable-prefix-caching', '--no-trust-remote-code',
        '--gpu-memory-utilization', '0.5', '--dtype', 'bfloat16']
    with pytest.raises(InvalidRequestError, match='no `serve`'):
        serve_arguments(VllmConfig())


def test_other_machines_need_a_key(tmp_path: Path) -> None:
    (tmp_path / 'key').write_text('sk-of-mine\n')
    key_file = str(tmp_path / 'key')
    for host in ('', '127.0.0.1', 'localhost', '::1'):
        assert server_environment(CONFIG, host=host) == {}
    for host in ('0.0.0.0', '::', '192.168.1.5', 'robot'):
        with pytest.raises(InvalidRequestError, match='api_key_file'):
            server_environment(CONFIG, host=host)
        found = server_environment(CONFIG, host=host, api_key_file=key_file)
        assert found == {'VLLM_API_KEY': 'sk-of-mine'}
        assert 'sk-of-mine' not in ' '.join(serve_arguments(CONFIG, host=host))


def test_health_is_waited_for() -> None:
    with ScriptedVlm(script(['x'])) as server:
        url = f'http://127.0.0.1:{server.port}/health'
        assert wait_until_healthy(url, 5.0)
        server.healthy = False
        assert not wait_until_healthy(url, 0.2)
        assert not wait_until_healthy(url, 60.0, give_up=lambda: server.looked_after > 3)


# plays `vllm serve`: healthy a moment after its start, with a helper of its own
PLAYED = """\
#!{python}
import http.server, os, subprocess, sys, time
assert sys.argv[1] == 'serve', sys.argv
if 'broken' in sys.argv:
    sys.exit('no such model')
helper = subprocess.Popen(['sleep', '600'])
print('helper', helper.pid, 'key', os.environ.get('VLLM_API_KEY', ''), flush=True)
start = time.monotonic()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.monotonic() > start + 0.5 else 503)
        self.end_headers()
    def log_message(self, *_):
        pass
port = int(sys.argv[sys.argv.index('--port') + 1])
http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler).serve_forever()
"""


@pytest.fixture
def played(tmp_path: Path) -> dict[str, str]:
    program = tmp_path / 'vllm'
    program.write_text(PLAYED.format(python=sys.executable))
    program.chmod(0o755)
    return {**os.environ, 'PATH': f'{tmp_path}{os.pathsep}{os.environ["PATH"]}'}


def started(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-m', 'spatialclaw_ros.backbone.vllm.serve', *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_it_says_when_it_is_ready_and_takes_all_with_it(
    played: dict[str, str], tmp_path: Path, number: signal.Signals,
) -> None:
    (tmp_path / 'key').write_text('sk-of-mine')
    with socket.create_server(('127.0.0.1', 0)) as probe:
        port = probe.getsockname()[1]
    server = started(played, 'qwen3-vl-4b', '--port', str(port), '--host', '0.0.0.0',
                     '--api-key-file', str(tmp_path / 'key'))
    lines = []
    assert server.stdout is not None
    for line in server.stdout:
        lines.append(line)
        if 'ready' in line:
            break
    text = ''.join(lines)
    assert f'ready: http://127.0.0.1:{port}/v1' in text
    assert '--served-model-name Qwen/Qwen3-VL-4B-Instruct' in text
    assert 'key sk-of-mine' in text  # said by the played server alone
    assert text.count('sk-of-mine') == 1
    helper = int(text.split('helper ')[1].split()[0])
    server.send_signal(number)
    assert server.wait(30.0) == 0
    server.stdout.close()
    _gone(helper)


def test_a_server_that_fails_is_told(played: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / 'mine.yaml'
    config.write_text('model: m\nserve: {arguments: {load-format: broken}}\n')
    server = started(played, str(config))
    text, _ = server.communicate(timeout=60)
    assert server.returncode == 1
    assert 'no such model' in text
    assert 'ended with status 1' in text


@pytest.mark.parametrize(('arguments', 'part'), [
    (['nothing'], 'no backbone configuration'), (['openai_compatible'], 'no `serve`'),
    (['qwen3-vl-4b', '--host', '0.0.0.0'], 'api_key_file'),
])
def test_what_cannot_be_started_is_named(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(arguments) == 2
    assert part in capsys.readouterr().err


def test_a_machine_without_vllm_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
) -> None:
    monkeypatch.setenv('PATH', str(tmp_path))
    assert main(['qwen3-vl-4b']) == 2
    assert 'pip install vllm' in capsys.readouterr().err


def test_the_launch_file_hands_its_arguments_on() -> None:
    text = (REPOSITORY / 'launch' / 'vllm.launch.py').read_text(encoding='utf-8')
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
    assert declared['host']['default_value'] == '127.0.0.1'
    assert read_config(declared['config']['default_value']).serve is not None
    options = {word for word in ast.walk(ast.parse(text)) if isinstance(word, ast.Constant)
               and str(word.value).startswith('--')}
    help_text = subprocess.run(
        [sys.executable, '-m', 'spatialclaw_ros.backbone.vllm.serve', '--help'],
        capture_output=True, text=True, check=True, timeout=60).stdout
    assert options
    assert all(str(option.value).rstrip('=') in help_text for option in options)


def _gone(pid: int) -> None:
    end_s = time.monotonic() + 10.0
    while time.monotonic() < end_s:
        try:
            state = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == 'Z':
            return
        time.sleep(0.05)
    raise AssertionError(f'process {pid} is left')
