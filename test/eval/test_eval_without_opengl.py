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


"""Where nothing can be drawn, an evaluation of simulated worlds says what to install."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spatialclaw_ros.errors import DependencyError
from spatialclaw_ros.sim import render

ADVICE = 'apt install libegl1 libgl1-mesa-dri, or apt install libosmesa6'


@pytest.fixture
def no_opengl(monkeypatch: pytest.MonkeyPatch) -> None:
    """EGL finds no driver, in this process's children too; nothing else is tried."""
    monkeypatch.setenv('MUJOCO_GL', 'egl')
    monkeypatch.setenv('__EGL_VENDOR_LIBRARY_FILENAMES', '/nowhere.json')


@pytest.mark.usefixtures('no_opengl')
@pytest.mark.parametrize('workers', ['1', '2'])
def test_a_run_says_what_to_install(tmp_path: Path, workers: str) -> None:
    done = subprocess.run(
        [sys.executable, '-m', 'spatialclaw_ros.cli.main', 'eval', 'run', 'claw-sim', '--only',
         'classical', '--limit', '2', '--workers', workers, '--out', str(tmp_path / 'out')],
        capture_output=True, text=True, timeout=300, env=dict(os.environ), cwd=os.sep)
    said = ' '.join((done.stdout + done.stderr).split())
    assert done.returncode == 2, said
    assert 'needs EGL or OSMesa to draw without a screen, and neither works here' in said
    assert ADVICE in said
    assert 'Traceback' not in said
    assert 'demo' not in said, 'a recording has no truth to measure against'
    results = tmp_path / 'out' / 'classical' / 'results.jsonl'
    assert not results.exists() or not results.read_text()


@pytest.mark.parametrize(('wanted', 'tried'), [
    ('', ['egl', 'osmesa']), ('glfw', ['egl', 'osmesa']), ('osmesa', ['osmesa']), ('EGL', ['egl'])])
def test_the_message_names_each_backend_that_was_tried(
    monkeypatch: pytest.MonkeyPatch, wanted: str, tried: list[str],
) -> None:
    monkeypatch.setenv('MUJOCO_GL', wanted)
    monkeypatch.setattr(render, '_probe', lambda backend: 'exit 1, no driver')
    with pytest.raises(DependencyError) as error:
        render.find_backend.__wrapped__()
    assert re.findall(r'(\w+): exit 1, no driver', str(error.value)) == tried
    assert ADVICE in str(error.value)
