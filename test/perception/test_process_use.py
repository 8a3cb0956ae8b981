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

import contextlib
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
QUERIES = 60
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
        list(threads.map(ask, range(24)))


@pytest.mark.parametrize('ends', ['canceled', 'out of time'])
def test_a_call_ends_with_its_query(process: PerceptionProcess, ends: str) -> None:
    call = ToolCall('segment', {'mode': 'text', 'frame_indices': [0], 'prompts': ['red']})
    deadline = Deadline(0.5 if ends == 'out of time' else WAIT_S)
    if ends == 'canceled':
        threading.Timer(0.5, deadline.cancel).start()
    began_s = time.monotonic()
    with pytest.raises(CanceledError if ends == 'canceled' else DeadlineExceededError):
        process.handle(observe(1.0), call, deadline)
    assert time.monotonic() - began_s < 20.0  # the model takes 60 s
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


def test_what_is_let_go_at_once_was_shown_before(process: PerceptionProcess) -> None:
    """A query that ends as soon as its call was posted takes no other's process with it."""
    assert process.handle(observe(1.0), RECONSTRUCT, Deadline(WAIT_S)).error is None
    keeper = process._keeper
    with keeper.changed:  # the keeper's thread has to wait, as on a busy machine
        with pytest.raises(DeadlineExceededError):
            process._ask(keeper.generation, observe(2.0), RECONSTRUCT, Deadline(0.0))
        gc.collect()
        assert process._shown._dead
    assert process.handle(observe(3.0), RECONSTRUCT, Deadline(WAIT_S)).error is None
    assert process.status().restarts == 0


def test_it_ends_with_its_node() -> None:
    """However that ends, and though a call runs."""
    script = (
        'import numpy as np\n'
        'from lab_models import lab_config\n'
        'from spatialclaw_ros.deadline import Deadline\n'
        'from spatialclaw_ros.perception.process.client import PerceptionProcess\n'
        'from spatialclaw_ros.workspace.calls import ToolCall\n'
        'from spatialclaw_ros.workspace.observation import Frame, Observation\n'
        'perception = PerceptionProcess(\n'
        '    lab_config(masks={"call_s": 60.0, "deaf": True}, reconstruct="none"))\n'
        'seen = Observation((Frame(0, "c", 0, "o", np.zeros((24, 32, 3), np.uint8)),))\n'
        'call = ToolCall("segment", {"mode": "text", "frame_indices": [0], "prompts": ["red"]})\n'
        'perception.handle(seen, ToolCall("nothing"), Deadline(60.0))\n'
        'print(perception.status().pid, flush=True)\n'
        'perception.handle(seen, call, Deadline(60.0))\n')
    folders = os.path.dirname(os.path.dirname(spatialclaw_ros.__file__)), lab_models.SUPPORT
    with contextlib.ExitStack() as stack:
        nodes = [stack.enter_context(subprocess.Popen(
            [sys.executable, '-c', script], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(folders)})) for _ in range(2)]
        pids = [int(node.stdout.readline()) for node in nodes if node.stdout is not None]
        assert [psutil.Process(pid).ppid() for pid in pids] == [node.pid for node in nodes]
        time.sleep(0.2)
        for node, end in zip(nodes, (signal.SIGKILL, signal.SIGINT)):
            node.send_signal(end)
            assert node.wait(WAIT_S) != 0
    until(lambda: not any(
        psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        for pid in pids))
