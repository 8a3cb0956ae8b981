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


"""The doctor on perception: packages of another interpreter, weights, servers."""

from __future__ import annotations

import json
import struct
import threading

import pytest
from lab_models import lab_config

from spatialclaw_ros.cli import findings, perception_report
from spatialclaw_ros.cli.perception_report import Asked, examine_perception
from spatialclaw_ros.perception.hosting import HostedModels
from spatialclaw_ros.perception.registry import files
from spatialclaw_ros.perception.served.serving import make_server

ALL = {'torch': '2.13.0', 'torchvision': '0.28.0', 'transformers': '5.23.0',
       'depth-anything-3': '0.1.1', 'huggingface-hub': '2.4.0'}
UNAVAILABLE = 'PERCEPTION_UNAVAILABLE'


def examine(tmp_path, parameters=None, **asked):
    """Findings by name."""
    path = tmp_path / 'robot.yaml'
    path.write_text(json.dumps({'/**': {'ros__parameters': parameters or {}}}), encoding='utf-8')
    return {each.name: each for each in examine_perception(
        Asked(params_file=str(path), **asked))}


def weights(folder):
    """A folder that has all that SAM 3's loader looks for."""
    folder.mkdir(exist_ok=True)
    for name in files('masks', 'sam3'):
        (folder / name).write_text('{}')
    header = json.dumps({'a': {'dtype': 'F32', 'shape': [1], 'data_offsets': [0, 4]}}).encode()
    (folder / 'model.safetensors').write_bytes(
        struct.pack('<Q', len(header)) + header + bytes(4))
    return str(folder)


def interpreter(tmp_path, packages=ALL, **told):
    """A program that says of itself what another environment's interpreter would."""
    told = {'python': '3.12.1', 'packages': packages, 'accelerator': 'CUDA 12.8',
            'sam3_lacks': [], 'cached': {}, 'gpus': {'names': ['NVIDIA X'], 'error': ''}} | told
    path = tmp_path / 'python'
    path.write_text(f"#!/bin/sh\ncat > /dev/null\ncat <<'END'\n{json.dumps(told)}\nEND\n")
    path.chmod(0o755)
    return str(path)


def test_the_default_needs_no_model(tmp_path):
    found = examine(tmp_path)
    assert 'no model needed' in found['configured'].detail
    assert {each.state for each in found.values()} <= {findings.FOUND, findings.OPTIONAL}
    for each in found.values():
        assert each.cost or each.state == findings.FOUND


def test_what_models_need_and_this_interpreter_lacks(tmp_path):
    found = examine(tmp_path, {'segment': 'sam3', 'perception.python': interpreter(
        tmp_path, dict.fromkeys(ALL, ''), sam3_lacks=['sam3'])})
    assert found['interpreter'].detail.endswith('(Python 3.12.1)')
    for package in ('torch', 'torchvision', 'transformers'):
        assert found[package].state == findings.MISSING
        assert "pip install '.[models]'" in found[package].detail
        assert UNAVAILABLE in found[package].cost
    assert found['depth-anything-3'].state == findings.OPTIONAL
    weights = found['weights of sam3']
    assert weights.state == findings.WARNS
    assert 'facebook/sam3' in weights.detail
    for words in ('https://huggingface.co/facebook/sam3', 'hf auth login',
                  'hf download facebook/sam3 --local-dir', 'perception.masks.weights'):
        assert words in weights.cost


def test_an_environment_with_all_of_it(tmp_path):
    cache = weights(tmp_path / 'cache')
    python = interpreter(tmp_path, cached={'facebook/sam3': cache})
    found = examine(tmp_path, {
        'segment': 'sam3', 'reconstruct': 'fused', 'perception.python': python,
        'perception.depth.model': 'my_models:depth'}, has_gpu=True)
    assert found['torch'].detail == '2.13.0, CUDA 12.8'
    assert found['GPU in torch'].detail == 'NVIDIA X'
    assert found['weights of sam3'].detail.startswith(cache)
    assert {each.state for each in found.values()} == {findings.FOUND}


def test_a_download_that_was_cut_short_is_not_found(tmp_path):
    cache = weights(tmp_path / 'cache')
    (tmp_path / 'cache' / 'model.safetensors').unlink()
    finding = examine(tmp_path, {'segment': 'sam3', 'perception.python': interpreter(
        tmp_path, cached={'facebook/sam3': cache})})['weights of sam3']
    assert finding.state == findings.WARNS
    assert f'{cache} has not all of them; the first start downloads' in finding.detail


@pytest.mark.parametrize(('told', 'name', 'words'), [
    ({'accelerator': ''}, 'torch', 'device cuda:1 is asked for'),
    ({'sam3_lacks': ['sam3_video']}, 'transformers', 'without sam3_video: install 5.18'),
    ({'gpus': {'names': [], 'error': 'torch finds none'}}, 'GPU in torch', 'torch finds none'),
])
def test_what_does_not_go_together(tmp_path, told, name, words):
    found = examine(tmp_path, {
        'segment': 'sam3', 'perception.masks.device': 'cuda:1',
        'perception.python': interpreter(tmp_path, **told)}, has_gpu=True)
    assert found[name].state in (findings.MISSING, findings.WARNS)
    assert words in found[name].detail
    assert found[name].cost


@pytest.mark.parametrize(('code', 'words'), [('exit 1', 'it failed'), ('echo hello', 'Expecting')])
def test_an_interpreter_that_is_none(tmp_path, code, words):
    path = tmp_path / 'python'
    path.write_text(f'#!/bin/sh\n{code}\n')
    path.chmod(0o755)
    finding = examine(
        tmp_path, {'segment': 'sam3', 'perception.python': str(path)})['interpreter']
    assert finding.state == findings.MISSING
    assert words in finding.detail


def test_a_folder_of_weights_is_looked_into(tmp_path):
    folder = tmp_path / 'sam3'
    folder.mkdir()
    parameters = {'segment': 'sam3', 'perception.masks.weights': str(folder),
                  'perception.python': interpreter(tmp_path)}
    lacking = examine(tmp_path, parameters)['weights of sam3']
    assert lacking.state == findings.MISSING
    assert 'config.json' in lacking.detail
    weights(folder)
    (folder / 'processor_config.json').unlink()
    lacking = examine(tmp_path, parameters)['weights of sam3']
    assert 'lack processor_config.json' in lacking.detail
    weights(folder)
    assert examine(tmp_path, parameters)['weights of sam3'].detail == str(folder)


def test_random_weights_are_told(tmp_path):
    finding = examine(tmp_path, {
        'reconstruct': 'fused', 'perception.depth.options.random': True,
        'perception.python': interpreter(tmp_path)})['weights of da3-base']
    assert finding.state == findings.WARNS
    assert 'means nothing' in finding.cost


def test_parameters_that_stop_the_node_are_told(tmp_path):
    found = examine(tmp_path, {'perception.masks.model': 'sam4', 'segment': 'sam3'})
    assert found['parameters'].state == findings.MISSING
    assert "did you mean 'sam3'" in found['parameters'].detail
    found = examine(tmp_path, {'widow_s': 3.0, 'max_frames': 0})
    assert found['parameters'].state == findings.MISSING
    for words in ('widow_s (did you mean window_s?)', 'max_frames must be 1 to 512'):
        assert words in found['parameters'].detail


OURS = {'ros__parameters': {'widow_s': 3.0}}
THEIRS = {'ros__parameters': {'fps': 30}}
ALL_OF_US = {'ros__parameters': {'segment': 'sam3'}}


@pytest.mark.parametrize(('page', 'node', 'told'), [
    ({'/**': ALL_OF_US, 'spatialclaw': OURS}, '', {'parameters': 'widow_s'}),
    ({'driver': THEIRS, '/robot1': {'spatialclaw': OURS}}, '', {
        'parameters': 'widow_s', 'sections': '/robot1/spatialclaw; not read by it: /driver'}),
    ({'driver': THEIRS, '/**': ALL_OF_US}, '', {
        'configured': 'sam3', 'sections': '/spatialclaw; not read by it: /driver'}),
    ({'/a/spatialclaw': ALL_OF_US, '/b/spatialclaw': OURS}, '', {'parameters': 'widow_s'}),
    ({'/a/spatialclaw': ALL_OF_US, '/b/spatialclaw': OURS}, 'a/spatialclaw', {
        'configured': 'sam3', 'sections': 'not read by it: /b/spatialclaw'}),
    ({'other': OURS}, '', {'sections': 'not read by it: /other'}),
    ({'other': OURS}, 'other', {'parameters': 'widow_s'}),
])
def test_of_a_file_with_several_sections_the_nodes_own_are_checked(
        tmp_path, monkeypatch, page, node, told):
    path = tmp_path / 'robot.yaml'
    path.write_text(json.dumps(page), encoding='utf-8')
    for name in ('_machine', 'examine_node'):
        monkeypatch.setattr(perception_report, name, lambda *_: iter(()))
    found = {each.name: each.detail for each in examine_perception(
        Asked(params_file=str(path), node=node))}
    assert found.keys() == {'configured', *told}
    for name, words in told.items():
        assert words in found[name]


@pytest.fixture(scope='module')
def server():
    models = HostedModels(lab_config())
    made = make_server(models, port=0, token='a-token')
    socket = made.config.bind_socket()
    thread = threading.Thread(target=made.run, kwargs={'sockets': [socket]})
    thread.start()
    yield f'http://127.0.0.1:{socket.getsockname()[1]}'
    made.should_exit = True
    thread.join()
    models.close()
    socket.close()


def test_a_server_tells_what_it_has(tmp_path, server, monkeypatch):
    monkeypatch.setenv('SPATIALCLAW_PERCEPTION_TOKEN', 'a-token')
    found = examine(tmp_path, {'segment': 'sam3'}, url=f'{server}, http://127.0.0.1:9')
    assert found[server].state == findings.WELL
    assert 'answers in' in found[server].detail
    assert 'lab_models:masks' in found['masks model'].detail
    assert found['http://127.0.0.1:9'].state == findings.MISSING
    assert 'torch' not in found


@pytest.mark.parametrize('token', ['', 'another'])
def test_a_server_that_lets_nobody_in(tmp_path, server, monkeypatch, token):
    monkeypatch.setenv('SPATIALCLAW_PERCEPTION_TOKEN', token)
    finding = examine(tmp_path, {'segment': 'sam3'}, url=server)[server]
    assert finding.state == findings.MISSING
    assert 'token' in finding.detail
    assert UNAVAILABLE in finding.cost


def test_an_address_of_no_use(tmp_path):
    assert examine(tmp_path, url='gpu-box')['gpu-box'].state == findings.MISSING
