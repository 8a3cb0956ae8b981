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


"""Traces that are still written when their queries have ended."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from trace_lab import make_trace, reply

from spatialclaw_ros.agent import recording
from spatialclaw_ros.agent.events import Answered
from spatialclaw_ros.agent.recording import Finishing
from spatialclaw_ros.agent.trace_page import PAGE_FILE
from spatialclaw_ros.agent.trace_reader import read_trace
from spatialclaw_ros.kernel import Kernel

AT_ONCE = [reply("ReturnAnswer('ok')")]


@pytest.fixture(scope='module')
def kernel() -> Iterator[Kernel]:
    with Kernel() as started:
        yield started


def slow_folder(root: Path, query_id: str) -> Path:
    """A trace's folder whose disk takes nothing until somebody reads this pipe."""
    (root / query_id / 'raw').mkdir(parents=True)
    pipe = root / query_id / 'raw' / 'observation.json'
    os.mkfifo(pipe)
    return pipe


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith('trace-')]


def test_an_answer_does_not_wait_for_the_disk(kernel, tmp_path) -> None:
    pipe = slow_folder(tmp_path, 'q1')
    finishing = Finishing()
    events = make_trace(kernel, tmp_path, finishing=finishing)
    assert isinstance(events[-1], Answered)
    assert threads() == ['trace-q1']
    assert read_trace(tmp_path / 'q1').status == 'OK'
    assert not (tmp_path / 'q1' / PAGE_FILE).exists()
    assert not finishing.close(0.05)
    make_trace(kernel, tmp_path, 'q2', replies=AT_ONCE, finishing=finishing)
    assert finishing.close()
    assert (tmp_path / 'q2' / PAGE_FILE).is_file()
    pipe.read_bytes()
    next(t for t in threading.enumerate() if t.name == 'trace-q1').join()
    assert (tmp_path / 'q1' / PAGE_FILE).is_file()
    assert threads() == []


@pytest.mark.parametrize(('limit', 'value'), [('MAX_UNFINISHED', 1), ('QUEUE_BYTES', 1000)])
def test_what_waits_for_a_slow_disk_is_bounded(
    kernel, tmp_path, monkeypatch, caplog, limit, value,
) -> None:
    monkeypatch.setattr(recording, limit, value)
    pipe = slow_folder(tmp_path, 'q1')
    finishing = Finishing()
    make_trace(kernel, tmp_path, finishing=finishing)
    events = make_trace(kernel, tmp_path, 'q2', replies=AT_ONCE, finishing=finishing)
    assert isinstance(events[-1], Answered)
    assert 'q2 goes without a trace' in caplog.text
    assert not (tmp_path / 'q2').exists()
    pipe.read_bytes()
    assert finishing.close()
    make_trace(kernel, tmp_path, 'q3', replies=AT_ONCE, finishing=finishing)
    assert finishing.close()
    assert (tmp_path / 'q3' / PAGE_FILE).is_file()


def test_what_goes_wrong_at_the_end_is_in_the_log(kernel, tmp_path, caplog) -> None:
    (tmp_path / 'q1').mkdir()
    (tmp_path / 'q1' / f'.{PAGE_FILE}.new').symlink_to('/dev/full')
    finishing = Finishing()
    make_trace(kernel, tmp_path, replies=AT_ONCE, finishing=finishing)
    assert finishing.close()
    assert caplog.text.count('cut short') == 1
    assert threads() == []
