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

"""200 queries through the service, many of them ill-fated: nothing is left behind.

Of every ten queries one has its kernel worker killed while it runs, one is a bad request, and one
comes while the camera is silent. Each must end with a definite status, and after all of them the
node has the processes, descriptors, shared memory and threads that it had after the first.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import gc
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import rclpy
from node_process import NodeProcess
from rclpy.context import Context
from rclpy.node import Node
from robot_double import PARAMETERS, RobotDouble, spin_until

from spatialclaw_ros.msg import SpatialAnswer, SpatialEvent
from spatialclaw_ros.srv import SpatialQuery

QUERIES = 200
QUESTION = 'Is there a red ball?'
QUERY_S = 60.0
SETTLE_S = 60.0
MEMORY_GROWTH_MB = 32
# The kernel keeps a memory file for each size of observation that it met: one more when a busy
# machine let an image come without its depth, say.
POOLED_FILES = 2
# The executor makes a thread when more comes at once than ever before, and keeps it.
POOLED_THREADS = 4
BAD_REQUESTS = (
    {'question': ''}, {'question': QUESTION, 'cameras': ['left']},
    {'question': QUESTION, 'answer_type': 99}, {'question': 'x' * 10_000},
    {'question': QUESTION, 'frame_id': 'nowhere'})


@dataclass(frozen=True)
class Held:
    """What the node's processes hold; `memory_files` are counted apart from other descriptors.

    What is kept for the next time is compared on its own.
    """

    processes: int
    descriptors: int
    memory_files: int = field(compare=False)
    shared_memory: int
    threads: int = field(compare=False)


@pytest.fixture(scope='module')
def robot():
    double = RobotDouble()
    yield double
    double.close()


@pytest.fixture(scope='module')
def node(robot, tmp_path_factory):
    parameters = {**PARAMETERS, 'max_frames': 1, 'window_s': 2.0, 'cameras': ['camera', 'rear'],
                  'rear.image': '/rear/image_raw'}
    with NodeProcess(tmp_path_factory.mktemp('leaks'), parameters) as process:
        yield process


class Caller:
    """Asks the node, and hears how a query goes on."""

    def __init__(self, node):
        self._node = node
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._ros = Node('leak_seeker', context=self._context)
        self._client = self._ros.create_client(SpatialQuery, '/spatialclaw/query')
        self._heard = set()
        self._ended = set()
        self._ros.create_subscription(
            SpatialEvent, '/spatialclaw/events', self._on_event, 100)
        self._spin_until(self._client.service_is_ready, 60.0)

    def close(self):
        self._ros.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def __call__(self, meanwhile=None, **fields):
        fields = {'question': QUESTION, 'cameras': ['camera'], **fields}
        future = self._client.call_async(SpatialQuery.Request(**fields))
        if meanwhile is not None:
            meanwhile()
        self._spin_until(future.done, QUERY_S)
        answer = future.result().answer
        self._ended.add(answer.query_id)
        return answer

    def heard(self, stage):
        """Wait for a stage of the query that runs; whether it came."""
        return spin_until(self._ros, lambda: any(
            name == stage and query_id not in self._ended
            for query_id, name in self._heard), 3.0)

    def _on_event(self, event):
        self._heard.add((event.query_id, event.stage))

    def _spin_until(self, condition, timeout_s):
        assert spin_until(self._ros, condition, timeout_s), self._node.log


@pytest.fixture(scope='module')
def call(node, robot):
    caller = Caller(node)
    yield caller
    caller.close()


def held(node):
    """Count what the node and its children hold now; again where one of them ends meanwhile."""
    while True:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
            return _count(node)


def _count(node):
    processes = [node.process, *node.children()]
    links = [link for process in processes for link in _links(process.pid)]
    memory_files = sum('/memfd:' in link for link in links)
    return Held(
        processes=len(processes), descriptors=len(links) - memory_files, memory_files=memory_files,
        shared_memory=sum(len(_shared_memory(process.pid)) for process in processes),
        threads=sum(process.num_threads() for process in processes))


def _links(pid):
    folder = Path(f'/proc/{pid}/fd')
    for entry in folder.iterdir():
        try:
            yield os.readlink(entry)
        except FileNotFoundError:
            continue


def _shared_memory(pid):
    lines = Path(f'/proc/{pid}/maps').read_text(encoding='utf-8').splitlines()
    return {line.split()[-1] for line in lines if '/dev/shm/' in line}


def settled(node, wanted=None):
    """What is held once it no longer changes, or, given a goal, once it is reached."""
    end_s = time.monotonic() + SETTLE_S
    last, same = held(node), 0
    while time.monotonic() < end_s:
        time.sleep(0.25)
        now = held(node)
        same = same + 1 if now == last else 0
        last = now
        if (wanted is not None and now == wanted) or (wanted is None and same >= 6):
            break
    return last


def worker_of(node):
    """The kernel's worker while a query runs: a child of the node's child."""
    for zygote in node.process.children():
        if workers := zygote.children():
            return workers[0]
    return None


def test_nothing_is_left_behind(call, node, robot):
    for _ in range(60):
        if (answer := call()).status == SpatialAnswer.STATUS_OK:
            break
        time.sleep(0.3)
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert answer.boolean
    first = settled(node)

    ends = collections.Counter()
    kills = 0

    def kill_worker(late):
        """Kill the query's worker as it gets ready, or when its first cell runs."""
        nonlocal kills
        if late and not call.heard('write'):
            return
        end_s = time.monotonic() + 3.0
        while time.monotonic() < end_s:
            if (worker := worker_of(node)) is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.send_signal(signal.SIGKILL)
                    kills += 1
                    return

    start_s = time.monotonic()
    for number in range(QUERIES):
        kind = number % 10
        if kind == 3:
            late = number // 10 % 2 == 1
            answer = call(functools.partial(kill_worker, late))
            expected = SpatialAnswer.STATUS_OK
        elif kind == 6:
            answer = call(**BAD_REQUESTS[number // 10 % len(BAD_REQUESTS)])
            expected = SpatialAnswer.STATUS_INVALID_REQUEST
        elif kind == 9:
            answer = call(cameras=['rear'])
            expected = SpatialAnswer.STATUS_NO_FRAMES
        else:
            answer = call()
            expected = SpatialAnswer.STATUS_OK
        assert answer.status == expected, (number, answer.status, answer.message, node.log)
        assert answer.status == SpatialAnswer.STATUS_OK or answer.message
        ends[kind, answer.status] += 1
        if number == QUERIES // 2:
            half_mb = node.process.memory_info().rss / 1e6
    took_s = time.monotonic() - start_s
    print(f'{QUERIES} queries in {took_s:.1f} s, {kills} workers killed, {dict(ends)}')

    assert kills >= QUERIES // 10 * 0.7
    gc.collect()
    last = settled(node, first)
    assert last == first
    assert last.memory_files <= first.memory_files + POOLED_FILES
    assert last.threads <= first.threads + POOLED_THREADS
    assert node.process.memory_info().rss / 1e6 - half_mb < MEMORY_GROWTH_MB
    assert took_s < 300.0


def test_and_the_node_takes_everything_with_it(call, node):
    assert call().status == SpatialAnswer.STATUS_OK
    children = node.children()
    assert children
    assert node.stop() == 0
    _, alive = psutil.wait_procs(children, timeout=60.0)
    assert alive == []
