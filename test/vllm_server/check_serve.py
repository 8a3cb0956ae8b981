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


"""What the configurations say of `vllm serve` is understood by vLLM itself, and serves."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

from real_vllm import ENVIRONMENT, KEY, REPOSITORY, VllmServer
from real_vllm_queries import Client

from spatialclaw_ros.backbone.vllm import read_config
from spatialclaw_ros.backbone.vllm.serve import serve_arguments
from spatialclaw_ros.cli import doctor

READER = Path(__file__).parent / 'serve_arguments.py'


def test_the_arguments_of_each_model_are_understood(table) -> None:
    """As far as vLLM reads them without the model: names, types, values of each."""
    configs = {path.stem: read_config(str(path)) for path in sorted(
        (REPOSITORY / 'config' / 'backbones').glob('*.yaml'))}
    given = {name: serve_arguments(config)[2:]
             for name, config in configs.items() if config.serve is not None}
    given['wrong on purpose'] = ['a-model', '--no-such-argument', '1']
    done = subprocess.run(
        [ENVIRONMENT / 'bin' / 'python', READER], input=json.dumps(given), text=True,
        capture_output=True, check=True, timeout=300.0, env={'VLLM_LOGGING_LEVEL': 'ERROR'})
    faults = json.loads(done.stdout.splitlines()[-1])
    assert 'no-such-argument' in faults.pop('wrong on purpose')
    assert len(faults) == len(given) - 1
    assert not {name: fault for name, fault in faults.items() if fault}
    table('arguments of `vllm serve`', f'understood for {", ".join(faults)}')


def test_the_doctor_finds_it(server: VllmServer, client: Client, capsys) -> None:
    client.make(max_tokens=8)
    doctor.run(argparse.Namespace(json=True, backbone=str(client.path)))
    found = {each['name']: each['state'] for each in json.loads(capsys.readouterr().out)}
    assert found[server.base_url] == doctor.FOUND


def test_what_serves_says_that_it_is_ready_and_no_key(server: VllmServer) -> None:
    server.until(lambda: f'ready: {server.base_url}' in server.printed, 5.0, 'it says so')
    assert KEY not in server.printed
