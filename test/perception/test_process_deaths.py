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

"""The perception process dies or hangs: calls go on, or say why they can not."""

from __future__ import annotations

import contextlib
import errno
import gc
import math
import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from process_lab import FIND, SEEN, WAIT_S, Start, children, find, starting, until

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.perception.process import client
from spatialclaw_ros.perception.process.patience import Patience
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Observation


@pytest.fixture
def start() -> Iterator[Start]:
    with starting() as make:
        yield make


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
    perception = start(Patience(heartbeat_s=0.1, silence_s=4.0))
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
        assert time.monotonic() - began_s < 3.9
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


@pytest.mark.parametrize('what', ['heard', 'posts'])
def test_a_fault_of_the_node_is_told_and_passes(
    what: str, start: Start, monkeypatch: pytest.MonkeyPatch,
) -> None:
    perception = start(Patience(heartbeat_s=0.1, first_pause_s=0.01, longest_pause_s=0.01))
    with monkeypatch.context() as patch:
        patch.setattr(perception, what, lambda *args: 1 / 0)
        with pytest.raises(PerceptionUnavailableError, match=r'look after it \(ZeroDivisionError'):
            find(perception)
    time.sleep(0.02)
    assert find(perception) == 12 * 32


def test_one_that_can_not_be_watched_leaves_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_more(pid: int) -> int:
        raise OSError(errno.EMFILE, 'Too many open files')
    others = children()
    perception, before = start(), len(os.listdir('/proc/self/fd'))
    with monkeypatch.context() as patch:
        patch.setattr(os, 'pidfd_open', no_more)
        with pytest.raises(PerceptionUnavailableError, match='Too many open files'):
            find(perception)
    gc.collect()
    assert len(os.listdir('/proc/self/fd')) <= before
    until(lambda: children() <= others)


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
