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


"""Configurations of a perception server: the shipped ones, and what is told of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.perception import registry
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.served.config import (
    Autoscaling,
    RoleServing,
    ServeConfig,
    Serving,
)
from spatialclaw_ros.perception.served.config_file import (
    find_serve_config,
    read_serve_config,
    serve_config_names,
)

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = sorted(path.stem for path in (REPOSITORY / 'config' / 'perception').glob('*.yaml'))


def test_the_shipped_ones_are_found_by_name() -> None:
    assert SHIPPED == ['default', 'server_24gb', 'server_80gb_shared']
    assert serve_config_names() == SHIPPED


@pytest.mark.parametrize('name', SHIPPED)
def test_a_shipped_one_can_be_served(name: str) -> None:
    config = read_serve_config(name)
    assert config.roles == ('depth', 'masks')
    for role in config.roles:
        registry.source(role, config.model(role).model)
    assert sum(config.gpus(1.0)[role] * config.role_serving(role).most
               for role in config.roles) <= 1.0
    text = find_serve_config(name).read_text(encoding='utf-8')
    assert 'licence' in text or 'Apache-2.0' in text


def test_the_default_has_the_nodes_models() -> None:
    config, node = read_serve_config(), PerceptionConfig()
    assert config.depth is not None
    assert config.masks is not None
    assert (config.depth.model, config.masks.model) == (node.depth.model, node.masks.model)


@pytest.mark.parametrize(('roles', 'reconstruct', 'segment'), [
    ((), 'depth_anything', 'sam3'), (('depth',), 'depth_anything', 'none'),
    (('masks',), 'none', 'sam3')])
def test_a_process_hosts_its_roles(
    roles: tuple[str, ...], reconstruct: str, segment: str,
) -> None:
    found = ServeConfig(keep_loaded_s=5.0).perception(roles)
    assert (found.reconstruct, found.segment, found.keep_loaded_s) == (reconstruct, segment, 5.0)
    assert not found.apart


@pytest.mark.parametrize(('text', 'parts'), [
    ('dpeth: {}', ['unknown field `dpeth`', "did you mean 'depth'?"]),
    ('serving: {depth: {replcas: 2}}', ["did you mean 'replicas'?", '`serving.depth`']),
    ('serving: {depth: {replicas: 0}}', ['>= 1', '`serving.depth.replicas`']),
    ('serving: {depth: {gpus_per_replica: 1.5}}', ['whole number above 1, got 1.5']),
    ('serving: {masks: {autoscaling: {min_replicas: 3}}}', ['min_replicas is 3']),
    ('depth: {model: 3}', ['Expected `str`', '`depth.model`']),
    ('depth: null\nmasks: null', ['nothing to serve']),
    ('depth: [', ['is not YAML']),
    ('- 1', ['Expected `object`']),
    ('zzz_zzz: 1', ['unknown field `zzz_zzz`', 'docs/serving.md']),
])
def test_a_wrong_one_is_told(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = tmp_path / 'wrong.yaml'
    path.write_text(text)
    with pytest.raises(InvalidRequestError) as raised:
        read_serve_config(str(path))
    for part in (str(path), *parts):
        assert part in str(raised.value)
    assert '\n' not in str(raised.value)


def test_a_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / 'large.yaml'
    path.write_bytes(b'#' * (2 << 20))
    with pytest.raises(InvalidRequestError, match='at most'):
        read_serve_config(str(path))


def serving(depth: RoleServing, masks: RoleServing, device: str = 'auto') -> ServeConfig:
    return ServeConfig(
        depth=ModelConfig(model='da3-base', device=device),
        serving=Serving(depth=depth, masks=masks))


@pytest.mark.parametrize(('config', 'available', 'depth', 'masks'), [
    (serving(RoleServing(), RoleServing()), 1, 0.5, 0.5),
    (serving(RoleServing(), RoleServing()), 0, 0.0, 0.0),
    (serving(RoleServing(), RoleServing()), 8, 1.0, 1.0),
    (serving(RoleServing(replicas=2), RoleServing()), 1, 0.3333, 0.3333),
    (serving(RoleServing(gpus_per_replica=0.75), RoleServing()), 1, 0.75, 0.25),
    (serving(RoleServing(gpus_per_replica=0.0), RoleServing()), 1, 0.0, 1.0),
    (serving(RoleServing(), RoleServing(autoscaling=Autoscaling(max_replicas=3))), 1, 0.25, 0.25),
    (serving(RoleServing(), RoleServing(), 'cpu'), 1, 0.0, 1.0),
])
def test_gpus_are_shared_out(
    config: ServeConfig, available: float, depth: float, masks: float,
) -> None:
    assert config.gpus(available) == {'depth': depth, 'masks': masks}


def test_more_gpus_than_there_are_is_told() -> None:
    config = serving(RoleServing(replicas=3, gpus_per_replica=0.5), RoleServing())
    with pytest.raises(InvalidRequestError, match=r'ask for 1\.5 GPUs.*there are 1;'):
        config.gpus(1.0)
