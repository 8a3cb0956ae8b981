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


"""Each file of config/profiles: parameters that the node has, licences, and its sum."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from spatialclaw_ros.backbone.vllm.config_file import read_config
from spatialclaw_ros.cli.fit_budget import MARGIN, budget
from spatialclaw_ros.cli.fit_profile import read_profile
from spatialclaw_ros.perception.depth_anything.variants import VARIANTS
from spatialclaw_ros.ros.parameter_file import perception_of_file
from spatialclaw_ros.ros.parameter_table import NODE_PARAMETERS
from spatialclaw_ros.ros.perception_parameters import PERCEPTION_PARAMETERS, option_parameters

ROOT = Path(__file__).resolve().parents[2]
PROFILES = sorted((ROOT / 'config' / 'profiles').glob('*.yaml'))
NAMES = {'embedded', 'jetson_orin_16gb', 'jetson_orin_32gb', 'jetson_orin_64gb', 'desktop_12gb',
         'desktop_24gb', 'workstation_80gb'}


def test_each_size_has_a_profile() -> None:
    assert {path.stem for path in PROFILES} == NAMES


@pytest.mark.parametrize('path', PROFILES, ids=lambda path: path.stem)
def test_a_profile_can_be_used_and_fits(path: Path) -> None:
    profile = read_profile(str(path))
    specs = {spec.name: spec for spec in (
        *NODE_PARAMETERS, *PERCEPTION_PARAMETERS, *option_parameters(profile.values))}
    for name, value in profile.values.items():
        assert name in specs, name
        specs[name].taken(value)
    assert perception_of_file(path) == profile.perception
    found = budget(profile, profile.machine)
    assert found.fits, found.faults
    if profile.machine.gpu:
        assert found.gpu_bytes <= (1 - MARGIN) * profile.machine.gpu
        assert profile.machine.gpu / 2 < found.gpu_bytes, 'a larger model would fit'
    text = path.read_text()
    assert f'`spatialclaw doctor --fit {path.stem}`' in text
    assert f'--params-file {path.stem}.yaml' in text


@pytest.mark.parametrize('path', PROFILES, ids=lambda path: path.stem)
def test_what_a_profile_takes_by_itself_may_be_used_commercially(path: Path) -> None:
    profile = read_profile(str(path))
    text = ' '.join(path.read_text().replace('\n# ', ' ').split())
    if profile.perception.needs_depth:
        assert VARIANTS[profile.perception.depth.model].is_commercial
    if profile.values.get('backbone') == 'vllm':
        name = profile.values['backbone_config']
        config = read_config(str(ROOT / 'config' / 'backbones' / f'{name}.yaml'))
        assert config.model.startswith('Qwen/Qwen3')
        assert 'Licence of the model: Apache-2.0' in (
            ROOT / 'config' / 'backbones' / f'{name}.yaml').read_text()
        assert f'serve {name}' in text
    if profile.perception.needs_masks or profile.perception.needs_depth:
        assert 'CC BY-NC 4.0' in text


def test_the_page_shows_the_sums_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / 'scripts'))
    page = (ROOT / 'docs' / 'hardware.md').read_text(encoding='utf-8')
    assert importlib.import_module('write_hardware_page').written(page) == page, (
        'run python scripts/write_hardware_page.py')
