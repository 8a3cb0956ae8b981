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

"""Values of perception's configuration that can't be used are told without importing a model."""

from __future__ import annotations

import sys

import pytest

from spatialclaw_ros.perception.checks import faults, is_local
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig

URL = 'http://gpu-box:8450'


@pytest.mark.parametrize(('fields', 'expected'), [
    ({}, {}),
    ({'url': URL}, {}),
    ({'url': 'https://[::1]:8400/perception'}, {}),
    ({'url': 'http://one:8450, https://two:8450'}, {}),
    ({'url': 'gpu-box:8450'}, {'url': ('http', 'gpu-box:8450')}),
    ({'url': 'http://'}, {'url': ('http',)}),
    ({'url': 'http://gpu-box:port'}, {'url': ('port',)}),
    ({'url': URL, 'token_file': '/nowhere/token'}, {'token_file': ("can't be read", '/nowhere')}),
    ({'token_file': '/nowhere/token'}, {}),
    ({'run_in': 'process', 'python': '/nowhere/python'}, {'python': ('/nowhere/python',)}),
    ({'run_in': 'process', 'python': sys.executable}, {}),
    ({'python': '/nowhere/python'}, {}),
    ({'masks': ModelConfig(model='sam3', device='gpu')}, {'masks.device': ('cuda:N', "'gpu'")}),
    ({'depth': ModelConfig(model='da3-large', device='cuda:1')}, {}),
    ({'depth': ModelConfig(model='da3-lagre')}, {'depth.model': ('da3-lagre', "'da3-large'")}),
    ({'masks': ModelConfig(model='sam')}, {'masks.model': ("'sam'", "'sam3'")}),
    ({'masks': ModelConfig(model='nowhere_to_be_found:load')}, {}),
    ({'masks': ModelConfig(model='my models:load')}, {'masks.model': ('MODULE:FUNCTION',)}),
    ({'segment': 'sam3', 'masks': ModelConfig(model='sam3', weights='/nowhere/sam3')},
     {'masks.weights': ('/nowhere/sam3', 'OWNER/NAME')}),
    ({'masks': ModelConfig(model='sam3', weights='/nowhere/sam3')}, {}),
    ({'segment': 'sam3', 'masks': ModelConfig(model='sam3', options={'thresold': 0.3})},
     {'masks.options': ('thresold', 'there are threshold, max_objects')}),
    ({'segment': 'sam3', 'url': URL, 'masks': ModelConfig(model='sam3', options={'threshold': 5})},
     {'masks.options': ('threshold', '< 1.0')}),
    ({'reconstruct': 'fused', 'depth': ModelConfig(model='da3-base', options={'process_res': 2})},
     {'depth.options': ('process_res', '>= 56')}),
    ({'segment': 'sam3', 'masks': ModelConfig(model='my:own', options={'thresold': 0.3})}, {}),
    ({'segment': 'sam3', 'masks': ModelConfig(model='sam3', weights='facebook/sam3')}, {}),
    ({'url': URL, 'segment': 'sam3', 'masks': ModelConfig(model='sam3', weights='/on/server')}, {}),
])
def test_what_is_wrong_is_named_by_its_field(fields, expected):
    found = dict(faults(PerceptionConfig(**fields)))
    assert set(found) == set(expected)
    for field, words in expected.items():
        for word in words:
            assert word in found[field]


@pytest.mark.parametrize(('mode', 'text', 'words'), [
    (0o600, 'secret', ()),
    (0o400, 'secret', ()),
    (0o640, 'secret', ('others', '640', 'chmod 600')),
    (0o604, 'secret', ('others', 'chmod 600')),
    (0o600, '', ('empty',)),
])
def test_a_token_belongs_to_its_owner_alone(tmp_path, mode, text, words):
    path = tmp_path / 'token'
    path.write_text(text, encoding='utf-8')
    path.chmod(mode)
    found = dict(faults(PerceptionConfig(url=URL, token_file=str(path))))
    assert set(found) == ({'token_file'} if words else set())
    for word in words:
        assert word in found['token_file']
    assert text == '' or text not in str(found)


@pytest.mark.parametrize(('weights', 'expected'), [
    ('', False), ('facebook/sam3', False), ('/models/sam3', True), ('~/sam3', True),
    ('./sam3', True), ('models/facebook/sam3', True), ('sam3', True),
])
def test_folders_and_repositories_are_told_apart(weights, expected):
    assert is_local(weights) is expected


def test_a_folder_of_two_names_is_a_folder_where_it_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not is_local('models/sam3')
    (tmp_path / 'models' / 'sam3').mkdir(parents=True)
    assert is_local('models/sam3')
