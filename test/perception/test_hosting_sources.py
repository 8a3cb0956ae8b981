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



"""Where hosted models come from: names, loaders, and what the page says of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from spatialclaw_ros.errors import DependencyError, PerceptionError
from spatialclaw_ros.perception import registry
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.factory import open_models
from spatialclaw_ros.perception.hosting import caller, hosted

ROLES = ('depth', 'masks')


@pytest.mark.parametrize(('role', 'some', 'load'), [
    ('depth', {'da3-small', 'da3-large', 'da3metric-large', 'da3mono-large',
               'da3nested-giant-large'}, 'load_depth_anything'),
    ('masks', {'sam3'}, 'load_sam3')])
def test_families_know_their_names(role: str, some: set[str], load: str) -> None:
    assert some <= set(registry.names(role))
    for name in registry.names(role):
        assert registry.source(role, name).load.__name__ == load


@pytest.mark.parametrize(('role', 'name', 'told'), [
    ('depth', 'da3-lage', "no depth model is called 'da3-lage'; did you mean 'da3-large'"),
    ('depth', 'DA3-SMALL', "called 'DA3-SMALL'; .*There are da3-small, "),
    ('masks', 'sam2', "did you mean 'sam3'"),
    ('masks', '', "no masks model is called ''; There are sam3, or MODULE:FUNCTION"),
    ('masks', 'my models:load', 'not of the form MODULE:FUNCTION'),
    ('depth', 'models:', 'not of the form MODULE:FUNCTION'),
    ('depth', ':load', 'not of the form MODULE:FUNCTION'),
    ('depth', 'models:load()', 'not of the form MODULE:FUNCTION'),
])
def test_unknown_names_are_told_at_once(role: str, name: str, told: str) -> None:
    with pytest.raises(PerceptionError, match=told):
        registry.source(role, name)
    field = {'depth': {'reconstruct': 'fused'}, 'masks': {'segment': 'sam3'}}[role]
    with pytest.raises(PerceptionError, match=told):
        open_models(PerceptionConfig(**field, **{role: ModelConfig(model=name)}))


def test_a_module_of_ones_own_is_imported_when_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    source = registry.source('depth', 'own_depth_models:load')
    config = ModelConfig(model='own_depth_models:load', weights='here')
    with pytest.raises(DependencyError, match='own_depth_models, which loads the model, can not'):
        source.load(config, print)
    (tmp_path / 'own_depth_models.py').write_text(
        'def load(config, progress):\n    return config.weights\n')
    importlib.invalidate_caches()
    assert source.load(source.find(config, print), print) == 'here'
    with pytest.raises(DependencyError, match='has no function other'):
        registry.source('depth', 'own_depth_models:other').find(config, print)


@pytest.mark.parametrize('options', [{}, {'random': True}])
def test_no_weights_are_looked_for_where_they_are_no_use(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, bool],
) -> None:
    # Without torch loading will fail; random weights are nowhere.
    known = None if not options else importlib.util.find_spec('json')
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: known)
    config = ModelConfig(model='da3-small', weights='no/such/folder/anywhere', options=options)
    assert registry.source('depth', 'da3-small').find(config, print) == config


def test_nothing_is_hosted_where_no_model_is_needed() -> None:
    assert open_models(PerceptionConfig()) is None


@pytest.mark.parametrize('told', [
    f'For {hosted.RETRY_S:g} s they are told at once',
    f'{hosted.MAX_WAITING} calls wait for a device',
    f'has not ended {hosted.STUCK_S:g} s later',
    f'doubled again after {caller.RECOVERY_CALLS} calls'])
def test_the_page_has_the_numbers(repository: Path, told: str) -> None:
    assert told in (repository / 'docs' / 'perception.md').read_text(encoding='utf-8')
