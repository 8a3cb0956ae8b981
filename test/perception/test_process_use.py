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

"""The perception process in use: many threads, many queries, and nothing left behind."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import lab_models
import numpy as np
import psutil
import pytest
from lab_models import lab_config, paint_depth

import spatialclaw_ros
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, DeadlineExceededError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.perception.process.client import PerceptionProcess
from spatialclaw_ros.perception.process.patience import Patience
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Frame, Observation

HEIGHT, WIDTH = 144, 192
CAMERA = PinholeCamera(WIDTH, HEIGHT, 170.0, 170.0, 95.5, 71.5)
RECONSTRUCT = ToolCall('reconstruct', {'frame_indices': [0, 1]})
WAIT_S = 60.0
QUERIES = 200
GROWTH_BYTES = 24 * 2**20


def observe(distance_m: float) -> Observation:
    """Two frames of a wall at that distance; their reconstruction is too large for a message."""
    depth_m = np.full((HEIGHT, WIDTH), distance_m, np.float32)
    return Observation(tuple(
        Frame(index, 'c', index, 'c_optical', paint_depth(depth_m), depth_m, CAMERA, np.eye(4))
        for index in range(2)), 'odom')


@pytest.fixture(scope='module')
def process() -> Iterator[PerceptionProcess]:
    perception = PerceptionProcess(
        lab_config(masks={'call_s': 60.0}, reconstruct='rgbd'), Patience(heartbeat_s=0.1))
    yield perception
    perception.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = Deadline(WAIT_S)
    while not condition():
        deadline.check('waiting in a test')
        time.sleep(0.01)


def test_many_threads_get_their_own_results(process: PerceptionProcess) -> None:
    shared = observe(7.0)

    def ask(number: int) -> None:
        mine = shared if number % 3 == 0 else observe(1.0 + number / 100)
        result = process.handle(mine, RECONSTRUCT, Deadline(WAIT_S))
        expected = mine.frames[1].depth_m
        assert expected is not None
        np.testing.assert_array_equal(result.arrays['depth_1'], expected)
        empty = process.handle(mine, ToolCall('reconstruct', {'frame_indices': [number + 2]}),
                               Deadline(WAIT_S))
        assert str(empty.error).startswith(f'frame {number + 2} is not in [0, 1]')
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(48)))


@pytest.mark.parametrize('ends', ['canceled', 'out of time'])
def test_a_call_ends_with_its_query(process: PerceptionProcess, ends: str) -> None:
    call = ToolCall('segment', {'mode': 'text', 'frame_indices': [0], 'prompts': ['red']})
    deadline = Deadline(0.5 if ends == 'out of time' else WAIT_S)
    if ends == 'canceled':
        threading.Timer(0.5, deadline.cancel).start()
    began_s = time.monotonic()
    with pytest.raises(CanceledError if ends == 'canceled' else DeadlineExceededError):
        process.handle(observe(1.0), call, deadline)
    assert time.monotonic() - began_s < 1.0
    assert process.handle(observe(1.0), RECONSTRUCT, Deadline(WAIT_S)).error is None


@dataclass(frozen=True)
class Held:
    """What one process holds."""

    descriptors: int
    memory_files: int
    threads: int


def held(pid: int) -> Held:
    with open(f'/proc/{pid}/maps') as maps:
        files = {line.split()[4] for line in maps if '/memfd:spatialclaw' in line}
    return Held(len(os.listdir(f'/proc/{pid}/fd')), len(files), psutil.Process(pid).num_threads())


def test_many_queries_leave_nothing_behind(process: PerceptionProcess) -> None:
    """Neither here nor there, whether results are kept for a while or dropped at once."""
    pids = os.getpid(), process.status().pid
    kept: list[object] = []

    def ask(count: int) -> None:
        for number in range(count):
            observation = observe(1.0 + number / 100)
            result = process.handle(observation, RECONSTRUCT, Deadline(WAIT_S))
            assert result.file is not None
            kept.append(result.arrays['points_0'][number % 100])
            del kept[:-3]
        kept.clear()
        gc.collect()
        until(lambda: not process._shown._read)

    ask(20)
    before = [held(pid) for pid in pids]
    memory = [psutil.Process(pid).memory_info().rss for pid in pids]
    ask(QUERIES - 20)
    for pid, was, rss in zip(pids, before, memory):
        now = held(pid)
        assert now.descriptors <= was.descriptors + 3
        assert now.memory_files <= was.memory_files + 3
        assert now.threads <= was.threads + 8
        assert psutil.Process(pid).memory_info().rss - rss < GROWTH_BYTES
    assert process.status().restarts == 0


@pytest.mark.parametrize('end', [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_its_node(end: signal.Signals) -> None:
    """However that ends, and though a call runs."""
    script = (
        'from lab_models import lab_config\n'
        'from test_process_use import observe\n'
        'from spatialclaw_ros.deadline import Deadline\n'
        'from spatialclaw_ros.perception.process.client import PerceptionProcess\n'
        'from spatialclaw_ros.workspace.calls import ToolCall\n'
        'import threading\n'
        'perception = PerceptionProcess(lab_config(masks={"call_s": 60.0, "deaf": True}))\n'
        'call = ToolCall("segment", {"mode": "text", "frame_indices": [0], "prompts": ["red"]})\n'
        'perception.handle(observe(1.0), ToolCall("nothing"), Deadline(60.0))\n'
        'print(perception.status().pid, flush=True)\n'
        'perception.handle(observe(1.0), call, Deadline(60.0))\n')
    folders = (os.path.dirname(os.path.dirname(spatialclaw_ros.__file__)), lab_models.SUPPORT,
               os.path.dirname(__file__))
    with subprocess.Popen(
            [sys.executable, '-c', script], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(folders)}) as node:
        assert node.stdout is not None
        pid = int(node.stdout.readline())
        assert psutil.Process(pid).ppid() == node.pid
        time.sleep(0.2)
        node.send_signal(end)
        assert node.wait(10.0) != 0
    until(lambda: not psutil.pid_exists(pid) or (
        psutil.Process(pid).status() == psutil.STATUS_ZOMBIE))
