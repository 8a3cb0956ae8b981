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

"""The perception process dies, hangs, does not start: calls go on, or say why they can not."""

from __future__ import annotations

import contextlib
import math
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from lab_models import SUPPORT, lab_config

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.process import client
from spatialclaw_ros.perception.process.client import PerceptionProcess
from spatialclaw_ros.perception.process.patience import Patience
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Frame, Observation

IMAGE = np.zeros((24, 32, 3), np.uint8)
IMAGE[:12] = (255, 0, 0)
SEEN = Observation((Frame(0, 'c', 0, 'c_optical', IMAGE),))
FIND = ToolCall('segment', {'mode': 'text', 'frame_indices': [0], 'prompts': ['red']})
WAIT_S = 30.0
QUICK = Patience(heartbeat_s=0.1, first_pause_s=0.05, longest_pause_s=0.2)

Start = Callable[..., PerceptionProcess]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts perception whose one model has these knobs."""
    opened: list[PerceptionProcess] = []

    def make(patience: Patience = QUICK, knobs: dict[str, Any] | None = None,
             **fields: Any) -> PerceptionProcess:
        opened.append(PerceptionProcess(
            lab_config(masks=knobs, **{'reconstruct': 'none', 'preload': False, **fields}),
            patience))
        return opened[-1]
    yield make
    for perception in opened:
        perception.close()
    assert not [child for child in psutil.Process().children() if 'boot.py' in ' '.join(
        _command(child))]


def _command(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def find(perception: PerceptionProcess, timeout_s: float = WAIT_S) -> int:
    """How many pixels are red."""
    result = perception.handle(SEEN, FIND, Deadline(timeout_s))
    assert result.error is None, result.error
    return int(result.arrays['masks_0'].sum())


def until(condition: Callable[[], bool]) -> None:
    deadline = Deadline(WAIT_S)
    while not condition():
        deadline.check('waiting in a test')
        time.sleep(0.01)


def test_a_call_in_which_it_dies_is_tried_once_more(start: Start, tmp_path: Path) -> None:
    once = tmp_path / 'once'
    once.touch()
    perception = start(knobs={'call_fault': 'kill', 'fault_once': str(once)})
    assert find(perception) == 12 * 32
    status = perception.status()
    assert (status.restarts, status.alive) == (1, True)
    assert re.search(
        r'killed from outside \(SIGKILL\), perhaps because the machine ran out of memory '
        r'\([\d.]+ of [\d.]+ GiB are free now\)', status.message)


@pytest.mark.parametrize(('kind', 'words'), [
    ('segfault', r'signal 11 \(SIGSEGV\).*Fatal Python error: Segmentation fault.*lab_models.py'),
    ('exit', 'exit status 3')])
def test_a_call_that_always_kills_it_is_told_how(kind: str, words: str, start: Start) -> None:
    """And it is not started in a loop, and others' calls are answered after that."""
    perception = start(knobs={'call_fault': kind, 'call_s': 0.05})
    with pytest.raises(PerceptionUnavailableError, match=words):
        find(perception)
    assert not perception.status().alive
    time.sleep(0.2)
    assert perception.status().pid == 0
    if kind == 'exit':
        other = perception.handle(SEEN, ToolCall('fly'), Deadline(WAIT_S))
        assert "no tool 'fly'" in str(other.error)
        assert perception.status().alive


def test_one_that_dies_while_idle_is_replaced(start: Start) -> None:
    """By the next call; at once where its models are to be there before that."""
    lazy, eager = start(), start(preload=True)
    assert lazy.status().pid == 0
    assert find(lazy) == find(eager) == 12 * 32
    until(lambda: lazy.status().models[0].state == 'ready' and lazy.status().round_trip_s >= 0)
    pids = lazy.status().pid, eager.status().pid
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    until(lambda: lazy.status().pid == 0 and eager.status().pid not in (0, pids[1]))
    status = lazy.status()
    assert (status.restarts, status.alive) == (0, False)
    # what it had went with it
    assert status.models[0].state == 'unloaded'
    assert math.isnan(status.round_trip_s)
    assert eager.status().restarts == 1
    assert find(lazy) == find(eager) == 12 * 32
    assert 'SIGKILL' in lazy.status().message
    assert not psutil.pid_exists(pids[0])


def test_one_that_hangs_is_ended_and_its_call_tried_once_more(start: Start) -> None:
    """And a call does not outlast its query while it hangs."""
    perception = start(Patience(heartbeat_s=0.1, silence_s=1.2))
    assert find(perception) == 12 * 32
    os.kill(perception.status().pid, signal.SIGSTOP)
    deadline = Deadline(WAIT_S)
    with ThreadPoolExecutor(2) as thread:
        patient = thread.submit(find, perception)
        canceled = thread.submit(perception.handle, SEEN, FIND, deadline)
        time.sleep(0.2)
        deadline.cancel()
        began_s = time.monotonic()
        with pytest.raises(CanceledError):
            canceled.result(WAIT_S)
        assert time.monotonic() - began_s < 0.5
        with pytest.raises(DeadlineExceededError):
            perception.handle(SEEN, FIND, Deadline(0.2))
        assert patient.result(WAIT_S) == 12 * 32
    assert 'it hung: no sign of life for' in perception.status().message
    assert perception.status().restarts == 1


def test_one_whose_gpu_failed_is_replaced(start: Start, tmp_path: Path) -> None:
    """Only a new process gets the device back; the old one ends by itself and says why."""
    once = tmp_path / 'once'
    once.touch()
    perception = start(knobs={'call_fault': 'poison', 'fault_once': str(once)})
    with contextlib.suppress(PerceptionUnavailableError):  # the call, or the process, ends first
        find(perception)
    until(lambda: 'device-side assert' in perception.status().message)
    assert find(perception) == 12 * 32
    assert perception.status().restarts == 1


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
                        first_pause_s=5.0)
    perception = start(patience, python=python(tmp_path))
    with pytest.raises(PerceptionUnavailableError, match=words):
        find(perception)
    status = perception.status()
    assert (status.alive, status.pid) == (False, 0)
    assert status.message.startswith('the perception process')
    began_s = time.monotonic()
    with pytest.raises(PerceptionUnavailableError, match='the next try is in'):
        find(perception)
    assert time.monotonic() - began_s < 1.0


def test_another_interpreter_has_its_own_path(
    start: Start, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of PYTHONPATH, also where Python puts no script's folder before it."""
    monkeypatch.setenv('PYTHONSAFEPATH', '1')
    monkeypatch.setenv('PYTHONPATH', SUPPORT)
    assert find(start(python=sys.executable)) == 12 * 32


def test_closing_while_a_call_begins(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    perception = start()
    assert find(perception) == 12 * 32
    pack_call = client._pack_call

    def closed_meanwhile(*args: Any) -> bytes:
        perception.close()
        return pack_call(*args)
    monkeypatch.setattr(client, '_pack_call', closed_meanwhile)
    with pytest.raises(PerceptionUnavailableError, match='perception is closed'):
        perception.handle(Observation(SEEN.frames), FIND, Deadline(WAIT_S))
    assert [model.state for model in perception.status().models] == ['unloaded']


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


def test_status_tells_of_loading_without_waiting(start: Start) -> None:
    perception = start(knobs={'load_s': 0.5}, preload=True)
    seen = set()

    def look() -> bool:
        began_s = time.monotonic()
        model, = perception.status().models
        assert time.monotonic() - began_s < 0.1
        seen.add((model.state, model.progress > 0))
        return model.state == 'ready'
    until(look)
    assert ('loading', True) in seen
    status = perception.status()
    assert status.where == 'process'
    assert status.pid in {child.pid for child in psutil.Process().children()}
    until(lambda: perception.status().round_trip_s >= 0)
    assert find(perception) == 12 * 32
