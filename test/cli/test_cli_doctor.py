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

"""`spatialclaw doctor` on this machine, and on one that lacks things."""

from __future__ import annotations

import argparse
import json

from spatialclaw_ros.cli import doctor


def run(capsys, **options):
    status = doctor.run(argparse.Namespace(json=options.get('json', False)))
    return status, capsys.readouterr().out


def test_everything_needed_is_found_here(capsys):
    status, out = run(capsys, json=True)
    findings = {(f['part'], f['name']): f for f in json.loads(out)}
    assert status == 0
    assert findings['ROS', 'rclpy']['state'] == 'found'
    assert findings['ROS', 'interfaces']['state'] == 'found'
    assert findings['ROS', 'cv_bridge']['state'] in ('found', 'stand-in')
    assert findings['DDS', 'Fast DDS profile']['state'] == 'found'
    assert any(part == 'sandbox' for part, _ in findings)
    assert {name for part, name in findings if part == 'renderer'} == {'EGL', 'OSMesa'}
    for finding in findings.values():
        assert finding['state'] in (doctor.FOUND, doctor.STAND_IN, doctor.OPTIONAL)
        if finding['state'] == doctor.OPTIONAL:
            assert finding['cost'], finding


def test_table_is_for_people(capsys):
    status, out = run(capsys)
    assert status == 0
    assert 'Everything that the embedded default needs is there.' in out
    assert 'cv_bridge' in out


def test_what_is_missing_has_its_cost_and_status(capsys, monkeypatch):
    present = doctor.importlib.util.find_spec
    absent = {'lark', 'torch', 'openai'}
    monkeypatch.setattr(
        doctor.importlib.util, 'find_spec',
        lambda name, *more: None if name in absent else present(name, *more))
    monkeypatch.setattr(doctor.ctypes.util, 'find_library', lambda name: None)
    status, out = run(capsys, json=True)
    findings = {f['name']: f for f in json.loads(out)}
    assert status == 1
    assert findings['lark']['state'] == doctor.MISSING
    assert 'does not start' in findings['lark']['cost']
    assert 'recording' in findings['EGL']['cost']
    assert 'rules' in findings['openai']['cost']
    assert findings['torch']['state'] == doctor.OPTIONAL
    status, out = run(capsys)
    assert 'Needed and not there: lark' in out
