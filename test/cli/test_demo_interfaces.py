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



"""`spatialclaw demo --interfaces` as a person runs it: the numbers, the traces, the table."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spatialclaw_ros.ros.compat.share import share_path
from spatialclaw_ros.sim.room import make_room

COMMAND = [sys.executable, '-m', 'spatialclaw_ros.cli.main', 'demo', '--interfaces',
           '--sandbox', 'best_effort']
INTERFACES = ('single_pass', 'tool_call', 'code')


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('interfaces')


@pytest.fixture(scope='module')
def done(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it where nothing can be drawn by OpenGL: it must not need that."""
    return subprocess.run(
        [*COMMAND, '--out', str(folder)], capture_output=True, text=True, timeout=120, cwd=folder,
        env={**os.environ, 'MUJOCO_GL': 'disable', 'COLUMNS': '120'})


@pytest.fixture(scope='module')
def answers(done: subprocess.CompletedProcess[str], folder: Path) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / 'interfaces' / 'answers.json').read_text())


def test_code_is_right_and_the_others_are_off_as_explained(answers: dict[str, Any]) -> None:
    room, by_name = make_room(), {each['interface']: each for each in answers['answers']}
    truth = room.distance_m('heater', 'door')
    assert answers['truth_m'] == pytest.approx(truth, abs=1e-3)
    assert tuple(by_name) == INTERFACES
    assert by_name['code']['value'] == pytest.approx(truth, rel=0.03)
    assert abs(by_name['code']['error_m']) < 2 * by_name['code']['sigma']
    assert by_name['single_pass']['value'] == pytest.approx(
        room.distance_m('crate', 'door'), rel=0.03)
    assert by_name['tool_call']['value'] == pytest.approx(
        room.center_distance_m('heater', 'door'), rel=0.03)
    for wrong in ('single_pass', 'tool_call'):
        assert by_name[wrong]['error_m'] > 1.0
    assert [by_name[name]['steps'] for name in INTERFACES] == [1, 10, 4]


def test_one_page_has_all_three_and_the_truth(
    answers: dict[str, Any], folder: Path,
) -> None:
    page = (folder / 'interfaces' / 'compared.html').read_text(encoding='utf-8')
    found = re.search(r'<script[^>]*application/json[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found, page[:500]
    data = json.loads(found[1])
    assert [trace['interface'] for trace in data['traces']] == list(INTERFACES)
    assert {trace['status'] for trace in data['traces']} == {'OK'}
    assert data['note'] == 'The truth, from geometry: 1.300 m'
    for trace, each in zip(data['traces'], answers['answers']):
        assert trace['note'].startswith(f'{each["error_m"]:+.3f} m off: ')


def test_it_prints_the_truth_and_each_error(
    done: subprocess.CompletedProcess[str], answers: dict[str, Any],
) -> None:
    assert 'the truth, from geometry: 1.300 m' in done.stdout
    for each in answers['answers']:
        assert f'{each["error_m"]:+.3f} m' in done.stdout


@pytest.mark.parametrize('name', INTERFACES)
def test_each_way_leaves_a_trace(answers: dict[str, Any], folder: Path, name: str) -> None:
    assert answers
    lines = (folder / 'interfaces' / name / 'trace.jsonl').read_text().splitlines()
    assert 'answered' in [json.loads(line)['event'] for line in lines]
    assert share_path('demo', 'interfaces', f'{name}.yaml').is_file()
