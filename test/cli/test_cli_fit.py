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


"""`spatialclaw doctor --fit`: machines that are read, sums, and what it says of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spatialclaw_ros.cli import fit_machine, main
from spatialclaw_ros.cli.fit_budget import MARGIN, budget
from spatialclaw_ros.cli.fit_machine import GIB, MIB, Machine, this_machine
from spatialclaw_ros.cli.fit_profile import profile_names, read_profile

PROFILES = Path(__file__).resolve().parents[2] / 'config' / 'profiles'


def path_of(name: str) -> str:
    return str(PROFILES / f'{name}.yaml')


def test_a_jetson_shares_its_memory(tmp_path: Path) -> None:
    (tmp_path / 'model').write_text('NVIDIA Jetson AGX Orin Developer Kit\0')
    (tmp_path / 'meminfo').write_text('MemTotal:       64307200 kB\nMemFree: 1 kB\n')
    found = this_machine(tree=tmp_path / 'model', memory=tmp_path / 'meminfo')
    assert found == Machine('NVIDIA Jetson AGX Orin Developer Kit', 62_800 * MIB, True,
                            62_800 * MIB)


@pytest.mark.parametrize(('said', 'name', 'size', 'gpus'), [
    ('NVIDIA GeForce RTX 4090, 24564', 'NVIDIA GeForce RTX 4090', 24_564, 1),
    ('NVIDIA RTX A2000, 6138\nNVIDIA H100, 80GB HBM3, 81559', 'NVIDIA H100, 80GB HBM3, the '
     'largest of 2', 81_559, 2),
    ('NVIDIA Thor, [N/A]', 'no NVIDIA GPU', 0, 0),
])
def test_nvidia_smi_tells_the_gpus(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, name: str, size: int,
        gpus: int) -> None:
    tool = tmp_path / 'nvidia-smi'
    tool.write_text(f'#!/bin/sh\ncat <<"END"\n{said}\nEND\n')
    tool.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}:/usr/bin:/bin')
    found = this_machine(tree=tmp_path / 'none')
    assert (found.name, found.gpu, found.gpus) == (name, size * MIB, gpus)
    assert found.system > 0


@pytest.mark.parametrize('said', ['exit 9', 'sleep 30'])
def test_a_broken_nvidia_smi_is_no_gpu(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    tool = tmp_path / 'nvidia-smi'
    tool.write_text(f'#!/bin/sh\n{said}\n')
    tool.chmod(0o755)
    monkeypatch.setattr(fit_machine, '_TIMEOUT_S', 0.2)
    monkeypatch.setenv('PATH', f'{tmp_path}:/usr/bin:/bin')
    assert this_machine(tree=tmp_path / 'none').gpu == 0


@pytest.mark.parametrize(('gib', 'profile'), [
    (3, 'embedded'), (8, 'embedded'), (12, 'desktop_12gb'), (24, 'desktop_24gb'),
    (96, 'workstation_80gb')])
def test_the_largest_that_fits_is_named_and_the_next_explained(
        capsys: pytest.CaptureFixture[str], gib: int, profile: str) -> None:
    assert main.main(['doctor', '--gpu-memory', str(gib)]) == 0
    out = capsys.readouterr().out
    named = ' '.join(out.split()).partition('with --params-file ')[2].split()[0]
    assert Path(named).is_file()
    assert f'{profile} fits. Start the node with --params-file' in ' '.join(out.split())
    assert ('The next larger one' in out) == (gib < 96)
    if gib == 8:
        assert 'desktop_12gb does not fit: vLLM would not start: 7.6 GiB' in out
    # each of the two alone leaves the other too much for 3 GiB
    assert ('it would with the backbone on another machine (backbone_url): 3.6 GiB' in out) == (
        gib == 8)
    assert ('no single change makes it fit' in out) == (gib == 3)


def test_without_a_gpu_the_embedded_default_fits(
        capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('spatialclaw_ros.cli.fit.this_machine',
                        lambda: Machine('no NVIDIA GPU', 0, system=8 * GIB, gpus=0))
    assert main.main(['doctor', '--fit']) == 0
    out = ' '.join(capsys.readouterr().out.split())
    assert 'embedded fits.' in out
    assert 'Models need a GPU here (desktop_12gb), or servers on other machines' in out
    assert main.main(['doctor', '--fit', path_of('desktop_12gb')]) == 1
    assert '11.2 GiB of a GPU are needed, and there is none' in ' '.join(
        capsys.readouterr().out.split())
    assert main.main(['doctor', '--fit', path_of('embedded')]) == 0
    capsys.readouterr()
    monkeypatch.setattr('spatialclaw_ros.cli.fit.this_machine',
                        lambda: Machine('no NVIDIA GPU', 0, system=4 * GIB, gpus=0))
    assert main.main(['doctor', '--fit', path_of('embedded')]) == 1
    assert "4.4 GiB of 4.0 GiB of the system's memory" in capsys.readouterr().out


def test_status_says_whether_a_named_profile_fits(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ['doctor', '--json', '--gpu-memory', '12', '--fit']
    assert main.main([*small, path_of('desktop_12gb')]) == 0
    assert json.loads(capsys.readouterr().out)['fits'] is True
    assert main.main([*small, path_of('workstation_80gb')]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said['fits'] is False
    assert 'vLLM would not start' in said['faults'][0]
    assert main.main([*small, 'dektop_12gb']) == 2
    assert 'no profile' in capsys.readouterr().err
    for text, part in (
            ('a: 1', 'is no profile'), ('/**: {ros__parameters: {}}', '# machine: '),
            ('# machine: m; 5 MiB\n/**: {ros__parameters: {perception: {depht: {}}}}', 'depht'),
            ('# machine: m; 5 MiB\n/**: {ros__parameters: {segment: sam3, perception: {masks: '
             '{model: "m:f"}}}}', 'a model of your own')):
        (tmp_path / 'mine.yaml').write_text(text)
        assert main.main([*small, str(tmp_path / 'mine.yaml')]) == 2
        assert part in capsys.readouterr().err


GPU = '# machine: m; 24564 MiB\n/**: {ros__parameters: {segment: sam3, '


@pytest.mark.parametrize(('text', 'part'), [
    (GPU + 'perception: {masks: {options: {max_objets: 3}}}}}', 'max_objets'),
    (GPU + 'perception: 7}}', 'perception is a group of parameters'),
    (GPU + 'perception.masks.model: sam4}}', "did you mean 'sam3'"),
    (GPU + 'perception.masks.batch: none}}', 'batch'),
    (GPU + 'buffer_mb: lots}}', 'buffer_mb must be an integer'),
])
def test_parameters_of_no_use_are_told(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, part: str) -> None:
    (tmp_path / 'mine.yaml').write_text(text)
    assert main.main(['doctor', '--gpu-memory', '24', '--fit', str(tmp_path / 'mine.yaml')]) == 2
    assert part in capsys.readouterr().err


def test_a_file_of_ones_own_with_dots_in_its_names(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / 'mine.yaml'
    for dots in (False, True):
        path.write_text(GPU + ('perception.masks.batch: 99}}' if dots
                               else 'perception: {masks: {batch: 99}}}}'))
        assert main.main(['doctor', '--gpu-memory', '24', '--fit', str(path)]) == 1
        out = ' '.join(capsys.readouterr().out.split())
        assert 'SAM 3, batch 99' in out
        assert 'it would with perception.masks.batch: 1' in out


def test_models_on_the_processor_take_the_systems_memory(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text(GPU + 'perception.masks.device: cpu, perception.masks.batch: 1}}')
    found = budget(read_profile(str(path)), Machine('m', 0, system=8 * GIB))
    assert found.gpu == ()
    lines = {row.what.strip(): row.bytes for row in found.system}
    assert lines['SAM 3: weights'] == pytest.approx(859_921_848 * 4)
    assert any('GiB of 8.0 GiB' in fault for fault in found.faults)


@pytest.mark.parametrize('size', ['0', '-3', 'nan', 'inf', 'much'])
def test_a_memory_that_can_not_be(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(['doctor', '--fit', '--gpu-memory', size])
    assert '--gpu-memory' in capsys.readouterr().err


def test_a_sum_is_the_sum_of_its_lines_and_halves_with_the_models_elsewhere() -> None:
    profile = read_profile(path_of('desktop_24gb'))
    machine = profile.machine
    here = budget(profile, machine)
    lines = {row.what.strip(): row.bytes for row in here.gpu}
    assert here.gpu_bytes == sum(lines.values()) <= machine.gpu * (1 - MARGIN)
    assert lines['backbone: vLLM'] == pytest.approx(0.69 * machine.gpu)
    assert lines['SAM 3: weights'] == pytest.approx(859_921_848 * 2)
    assert lines['largest call'] > 1.5 * GIB


def test_all_profiles_are_found() -> None:
    assert {path.stem for path in PROFILES.glob('*.yaml')} <= set(profile_names())
