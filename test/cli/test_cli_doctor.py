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
import functools
import json
import time

import psutil
import pytest
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import script

from spatialclaw_ros.cli import doctor, probe, view
from spatialclaw_ros.cli.main import main
from spatialclaw_ros.kernel import Kernel, KernelLimits, support
from spatialclaw_ros.kernel.support import SandboxPart


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
    for name in ('Landlock', 'seccomp filters', 'resource limits', 'a cell'):
        assert findings['sandbox', name]['state'] == 'found'
    for act in ('read files', 'write files', 'connect', 'start programs'):
        finding = findings['sandbox', f"cells can't {act}"]
        assert (finding['state'], finding['detail']) == (doctor.HELD, 'refused: PermissionError')
    assert {name for part, name in findings if part == 'renderer'} == {'EGL', 'OSMesa'}
    for finding in findings.values():
        assert finding['state'] in (
            doctor.FOUND, doctor.STAND_IN, doctor.OPTIONAL, doctor.HELD)
        if finding['state'] == doctor.OPTIONAL:
            assert finding['cost'], finding


@pytest.fixture
def unprobed(monkeypatch):
    monkeypatch.setattr(probe, 'probe', probe.Probe)


def test_table_is_for_people(capsys, unprobed):
    status, out = run(capsys)
    assert status == 0
    assert 'Everything that the embedded default needs is there.' in out
    assert 'cv_bridge' in out


def test_what_is_not_yet_as_it_should_be_is_named_at_the_end(capsys, monkeypatch, unprobed):
    monkeypatch.setattr(doctor, '_perception', lambda options: iter([
        doctor.Finding('perception', 'weights of sam3', doctor.WARNS, 'not on this machine')]))
    status, out = run(capsys)
    assert status == 0
    assert 'Not yet as it should be: weights of sam3' in out


def test_what_is_missing_has_its_cost_and_status(capsys, monkeypatch, unprobed):
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


def test_a_missing_part_of_the_sandbox_costs_the_start(capsys, monkeypatch, unprobed):
    found = support.sandbox_support()
    monkeypatch.setattr(support, 'sandbox_support', lambda: [
        SandboxPart(part.name, part.name != 'Landlock', part.cost) for part in found])
    status, out = run(capsys, json=True)
    findings = {f['name']: f for f in json.loads(out) if f['part'] == 'sandbox'}
    assert status == 1
    assert findings['Landlock']['state'] == doctor.MISSING
    assert 'cells could read files' in findings['Landlock']['cost']
    assert 'sandbox:=best_effort' in findings['Landlock']['cost']


def test_a_part_that_every_kernel_needs_has_no_way_around_it(capsys, monkeypatch, unprobed):
    found = support.sandbox_support()
    monkeypatch.setattr(support, 'sandbox_support', lambda: [
        SandboxPart(part.name, part.name != 'process descriptors', part.cost) for part in found])
    status, out = run(capsys, json=True)
    finding, = (f for f in json.loads(out) if f['name'] == 'process descriptors')
    assert (status, finding['state']) == (1, doctor.MISSING)
    assert 'no setting' in finding['cost']
    assert 'best_effort' not in finding['cost']


def test_an_act_that_succeeds_is_found_out(capsys, monkeypatch):
    monkeypatch.setattr(probe, 'Kernel', functools.partial(Kernel, without=('Landlock',)))
    status, out = run(capsys, json=True)
    findings = {f['name']: f for f in json.loads(out) if f['part'] == 'sandbox'}
    assert status == 1
    assert findings['Landlock']['detail'] == 'on this host, but not in a worker'
    assert findings["cells can't read files"]['state'] == doctor.BROKEN
    assert findings["cells can't read files"]['detail'] == 'it was read'
    assert 'camera' in findings["cells can't read files"]['cost']
    for act in ('write files', 'connect', 'start programs'):
        assert findings[f"cells can't {act}"]['state'] == doctor.HELD
    out = run(capsys)[1]
    assert 'Needed and not there: Landlock' in out
    assert "Does not hold: cells can't read files" in out


def test_a_kernel_that_does_not_start_is_told(monkeypatch):
    monkeypatch.setattr(probe, 'Kernel', functools.partial(
        Kernel, limits=KernelLimits(start_timeout_s=0.001)))
    assert 'did not come up' in probe.probe().fault


def test_probing_is_bounded_and_leaves_nothing_behind():
    before = psutil.Process().children(recursive=True)
    start_s = time.monotonic()
    assert 'out of time' in probe.probe(0.05).fault
    assert time.monotonic() - start_s < probe.TIMEOUT_S / 10
    assert probe.probe().fault == ''
    assert psutil.Process().children(recursive=True) == before


@pytest.mark.parametrize('healthy', [True, False])
def test_endpoints_of_a_backbone_are_asked(tmp_path, healthy):
    with ScriptedVlm(script(['x']), healthy=healthy) as server:
        config = tmp_path / 'mine.yaml'
        config.write_text(f"endpoints: ['{server.url}', 'http://127.0.0.1:9/v1']\nmodel: m\n")
        findings = list(doctor._backbone(str(config)))
    assert [finding.name for finding in findings] == [server.url, 'http://127.0.0.1:9/v1']
    assert [finding.state for finding in findings] == [
        doctor.FOUND if healthy else doctor.MISSING, doctor.MISSING]
    assert all(finding.detail and finding.cost for finding in findings
               if finding.state == doctor.MISSING)


def test_a_backbone_that_cannot_be_read_is_a_finding():
    assert list(doctor._backbone('')) == []
    (finding,) = doctor._backbone('qwen9')
    assert finding.state == doctor.MISSING
    assert 'no backbone configuration' in finding.detail


@pytest.mark.parametrize(('missing', 'said'), [
    ('spatialclaw_ros.msg', 'start the command from another folder'),
    ('mcap', '`spatialclaw doctor` tells')])
def test_a_module_that_is_not_there_is_told_with_what_to_do(capsys, monkeypatch, missing, said):
    def run(_options):
        raise ModuleNotFoundError(f'No module named {missing!r}', name=missing)
    monkeypatch.setattr(view, 'run', run)
    assert main(['view', 'trace']) == 3
    line = capsys.readouterr().err
    assert f'spatialclaw view: No module named {missing!r}; ' in line
    assert said in line
