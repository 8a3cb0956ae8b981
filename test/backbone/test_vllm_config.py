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

"""Reading a backbone's YAML file: the ones that ship, and what is wrong with one that can't be."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import pytest
import yaml

from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.backbone.vllm.config import ROLES, Sampling, VllmConfig
from spatialclaw_ros.backbone.vllm.config_file import config_names, read_config
from spatialclaw_ros.backbone.vllm.keys import read_key
from spatialclaw_ros.backbone.vllm.serve import serve_arguments, server_environment
from spatialclaw_ros.errors import DependencyError, InvalidRequestError

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = sorted(path.stem for path in (REPOSITORY / 'config' / 'backbones').glob('*.yaml'))
PAPER = {'qwen3.5-397b-a17b': 'Qwen/Qwen3.5-397B-A17B',
         'qwen3.5-122b-a10b': 'Qwen/Qwen3.5-122B-A10B',
         'qwen3.6-35b-a3b': 'Qwen/Qwen3.6-35B-A3B', 'qwen3.6-27b': 'Qwen/Qwen3.6-27B',
         'gemma4-31b': 'google/gemma-4-31B-it', 'gemma4-26b-a4b': 'google/gemma-4-26B-A4B-it'}


def file_of(folder: Path, text: str) -> str:
    path = folder / 'mine.yaml'
    path.write_text(text, encoding='utf-8')
    return str(path)


def test_the_papers_models_and_small_ones_ship() -> None:
    assert set(PAPER) | {'openai_compatible', 'qwen3-vl-4b'} <= set(SHIPPED)
    assert set(SHIPPED) <= set(config_names())
    for name, model in PAPER.items():
        assert read_config(name).model == model


@pytest.mark.parametrize('name', SHIPPED)
def test_a_shipped_file_is_whole(name: str) -> None:
    path = REPOSITORY / 'config' / 'backbones' / f'{name}.yaml'
    config = read_config(str(path))
    assert config == read_config(name), 'the installed one is old: `make install`'
    assert 'icence' in path.read_text().split('\nmodel:')[0]
    for role in ROLES:
        assert config.sampling(role).max_tokens
    if config.serve is None:
        assert config.server == 'other'
        return
    words = serve_arguments(config)
    assert words[:3] == ['vllm', 'serve', config.model]
    assert words[words.index('--host') + 1] == '127.0.0.1'
    assert '--enable-prefix-caching' in words
    images = json.loads(words[words.index('--limit-mm-per-prompt') + 1])['image']
    assert images >= 64
    room = int(words[words.index('--max-model-len') + 1])
    # 32 key frames of 768x576 take about 15,000 tokens, the system prompt less than 5,000
    assert room > 20_000 + (config.sampling('agent').max_tokens or 0)
    port = words[words.index('--port') + 1]
    assert config.endpoints == (f'http://127.0.0.1:{port}/v1',)
    assert server_environment(config) == {}


@pytest.mark.parametrize(('text', 'part'), [
    ('modle: x', 'unknown field `modle`'),
    ('roles: {agent: {max_tokens: 0}}', 'roles.agent.max_tokens'),
    ('roles: {agent: {max_tokens: many}}', 'roles.agent.max_tokens'),
    ('roles: {writer: {}}', 'unknown field `writer`'),
    ('roles: {agent: {temperature: 3.5}}', 'roles.agent.temperature'),
    ('roles: {agent: {extra_body: {messages: []}}}', 'extra_body may not set messages'),
    ('limits: {attempts: 0}', 'limits.attempts'),
    ('endpoints: []', 'one base URL or more'),
    ('endpoints: [127.0.0.1:8000]', 'http or https URL'),
    ('endpoints: ["http://a/v1", "http://a/v1"]', 'names a URL twice'),
    ('max_image_edge: 8', 'max_image_edge'),
    ('server: vlm', 'server'),
    ('thinking: {tags: [["<think>", ""]]}', 'pairs of texts'),
    ('serve: {arguments: {host: 0.0.0.0}}', 'arguments may not set host'),
    ('- a list', 'Expected `object`'),
    ('model: [', 'not YAML (line 1)'),
    ('endpoints: ["http://host:99999/v1"]', 'port'),
    ('endpoints: ["http://host:eighty/v1"]', 'port'),
    ('endpoints: ["http://[::1/v1"]', 'IPv6'),
    ('endpoints: [" http://host/v1"]', 'without blanks'),
    ('endpoints: ["http://a host/v1"]', 'without blanks'),
    ('endpoints: ["http://host/v1/chat/completions"]', 'leave /chat/completions out'),
    ('endpoints: ["http://host/v1", "http://host/v1/"]', 'twice'),
    ('roles: {agent: {extra_body: &a {x: *a}}}', 'holds itself'),
    ('model: ' + '[' * 5000, 'nested too deeply'),
])
def test_a_fault_names_file_and_field(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_config(file_of(tmp_path, text))
    assert 'mine.yaml' in str(caught.value)
    assert part in str(caught.value)


SECRET = 'sk-4f8a1c-never-shown'


@pytest.mark.parametrize('text', [
    f'api_key: {SECRET}',
    f'API-KEY: {SECRET}',
    f'serve: {{arguments: {{api-key: {SECRET}}}}}',
    f'roles: {{agent: {{extra_body: {{x: [{{authorization: {SECRET}}}]}}}}}}',
    f'endpoints: ["http://user:{SECRET}@host/v1"]',
    f'endpoints: ["http://host/v1?key={SECRET}"]',
    f'endpoints: ["http://host/v1#{SECRET}"]',
    f'api_key_env: {SECRET}',
    f'api_key: {SECRET}: [',
])
def test_a_key_in_a_file_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_config(file_of(tmp_path, text))
    assert SECRET not in str(caught.value)
    assert SECRET not in ''.join(map(str, (caught.value.__cause__, caught.value.args)))
    if 'not YAML' not in str(caught.value):
        assert 'api_key_env' in str(caught.value)


def test_a_key_comes_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / 'key').write_text(f'{SECRET}\n')
    config = read_config(file_of(tmp_path, 'api_key_file: key'))
    key = read_key(config)
    assert (key.value, SECRET in repr(key), SECRET in repr(config)) == (SECRET, False, False)


@pytest.mark.parametrize(('content', 'part'), [
    (None, "can't be read"), ('', 'empty'), (f'{SECRET} two', 'one key'), (f'{SECRET}é', 'one key'),
])
def test_a_file_without_a_key_is_named(tmp_path: Path, content: str | None, part: str) -> None:
    if content is not None:
        (tmp_path / 'key').write_text(content)
    config = read_config(file_of(tmp_path, 'api_key_file: key'))
    with pytest.raises(InvalidRequestError, match=part) as caught:
        read_key(config)
    assert 'key' in str(caught.value)
    assert SECRET not in str(caught.value)


def test_parameters_go_before_the_file(tmp_path: Path) -> None:
    path = file_of(tmp_path, yaml.safe_dump({'model': 'm', 'endpoints': ['http://a/v1']}))
    made = make_backbone('vllm', config=path, base_url='http://b/v1', model='n')
    assert [each.url for each in made.status()] == ['http://b/v1']
    with pytest.raises(InvalidRequestError, match='http or https'):
        make_backbone('vllm', config=path, base_url='b:8000')
    with pytest.raises(InvalidRequestError, match=r'there are .*qwen3\.6-27b'):
        make_backbone('vllm', config='qwen9')
    for nothing in ('./nothing.yaml', '~nobody-of-this-name/nothing.yaml'):
        with pytest.raises(InvalidRequestError, match='no file'):
            make_backbone('vllm', config=nothing)


def test_defaults_can_be_built_upon() -> None:
    config = VllmConfig().replaced({'model': 'n'})
    assert (config.model, config.sampling('locate').temperature) == ('n', 0.0)
    assert Sampling().extra_body == {}


@pytest.mark.parametrize(('version', 'good'), [
    ('3.30.0', True), ('3.54.0', True), ('10.0.0rc1', True), ('4.0rc1', True),
    ('3.29.3', False), ('1.99.9', False)])
def test_an_old_openai_is_told(
    version: str, good: bool, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.metadata, 'version', lambda _: version)
    if good:
        make_backbone('vllm')
        return
    with pytest.raises(DependencyError, match=r'3\.30 or newer'):
        make_backbone('vllm')
