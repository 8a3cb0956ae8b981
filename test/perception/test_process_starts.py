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

"""How a perception process starts, what it tells meanwhile, and why it can not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from lab_models import SUPPORT
from process_lab import QUICK, SEEN, WAIT_S, Start, find, starting, until

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    PerceptionUnavailableError,
)
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.process.client import PerceptionProcess
from spatialclaw_ros.perception.process.patience import Patience
from spatialclaw_ros.workspace.calls import ToolCall


@pytest.fixture
def start() -> Iterator[Start]:
    with starting() as make:
        yield make


def _script(folder: Path, text: str) -> str:
    path = folder / 'python'
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(('python', 'words'), [
    (lambda folder: str(folder / 'none'),
     "interpreter '.*none': No such file.*set perception.python"),
    (lambda folder: str(folder), 'Permission denied'),
    (lambda folder: _script(folder, f'exec "{sys.executable}" -S "$@"'),
     "exit status 1.*ModuleNotFoundError: No module named '.*install what spatialclaw_ros needs"),
    (lambda folder: _script(folder, 'echo "this is no python" >&2; exit 7'),
     'exit status 7; it printed last: this is no python'),
    (lambda folder: _script(folder, 'sleep 60'), 'it did not come up within 0.8 s'),
    (lambda folder: _script(folder, 'exec 3>&1; kill -9 $$'), 'killed from outside')])
def test_one_that_can_not_start_says_why(
    python: Callable[[Path], str], words: str, start: Start, tmp_path: Path,
) -> None:
    patience = Patience(start_s=0.8 if 'within' in words else WAIT_S, heartbeat_s=0.1,
                        first_pause_s=60.0)
    perception = start(patience, python=python(tmp_path))
    with pytest.raises(PerceptionUnavailableError, match=words):
        find(perception)
    status = perception.status()
    assert (status.alive, status.pid) == (False, 0)
    assert status.message.startswith('the perception process')
    began_s = time.monotonic()
    with pytest.raises(PerceptionUnavailableError, match='the next try is in'):
        find(perception)
    assert time.monotonic() - began_s < 30.0


def test_another_interpreter_has_its_own_path(
    start: Start, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of PYTHONPATH, also where Python puts no script's folder before it."""
    monkeypatch.setenv('PYTHONSAFEPATH', '1')
    monkeypatch.setenv('PYTHONPATH', SUPPORT)
    perception = start(python=sys.executable)
    assert find(perception) == 12 * 32


def test_a_process_tells_what_it_has(start: Start, tmp_path: Path) -> None:
    """Its interpreter may lack a package that the node's has."""
    (tmp_path / 'sitecustomize.py').write_text(
        'import importlib.util as util\n'
        'find = util.find_spec\n'
        'util.find_spec = lambda name, *more: None if "ocr" in name else find(name, *more)\n')
    perception = start(python=_script(
        tmp_path, f'PYTHONPATH="{tmp_path}" exec "{sys.executable}" "$@"'),
        segment='none', ocr='auto', run_in='process')
    assert perception.capabilities == {'ocr'}
    result = perception.handle(SEEN, ToolCall('ocr'), Deadline(WAIT_S))
    assert "no tool 'ocr' here" in str(result.error)
    assert perception.capabilities == frozenset()


def test_what_is_configured_wrongly_is_told(start: Start) -> None:
    perception = start(masks_model={'model': 'no_such_model'})
    with pytest.raises(PerceptionUnavailableError, match='no_such_model'):
        find(perception)
    blind = PerceptionProcess(
        PerceptionConfig(segment='sam3', ocr='none', url='gopher://x', masks=ModelConfig(model='x'),
                         preload=False), QUICK)
    with pytest.raises(PerceptionUnavailableError, match='gopher'):
        find(blind)
    blind.close()


def test_one_that_dies_while_it_loads_is_started_again_with_pauses(
    start: Start, tmp_path: Path,
) -> None:
    """Until what it dies of is gone; nobody has to ask for it."""
    copied = tmp_path / 'weights'
    perception = start(knobs={'load_fault': 'exit', 'load_fault_unless': str(copied)}, preload=True)
    until(lambda: perception.status().restarts >= 2)
    copied.touch()
    until(lambda: [model.state for model in perception.status().models] == ['ready'])
    assert find(perception) == 12 * 32


def test_status_tells_of_loading_without_waiting(start: Start, tmp_path: Path) -> None:
    perception = start(knobs={'load_until': str(tmp_path / 'loaded')}, preload=True)

    def has(state: str) -> bool:
        model, = perception.status().models
        return model.state == state and model.progress > 0
    until(lambda: has('loading'))
    (tmp_path / 'loaded').touch()
    until(lambda: has('ready'))
    status = perception.status()
    assert status.where == 'process'
    assert status.pid in {child.pid for child in psutil.Process().children()}
    until(lambda: perception.status().round_trip_s >= 0)
    assert find(perception) == 12 * 32
