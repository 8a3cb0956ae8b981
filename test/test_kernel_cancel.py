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


"""Cancelled queries, deadlines and closing end whatever the kernel is at, soon."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from kernel_fixtures import kill_worker, wait_for

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, DeadlineExceededError, KernelError
from spatialclaw_ros.kernel import Kernel, KernelLimits, KernelSession


@pytest.mark.parametrize('how', ['deadline', 'session'])
def test_cancel_ends_a_cell_soon(session: KernelSession, how: str) -> None:
    session.run('a = 1')
    deadline = Deadline(60.0)
    cancel = deadline.cancel if how == 'deadline' else session.cancel
    times: list[float] = []

    def later() -> None:
        times.append(time.monotonic())
        cancel()

    timer = threading.Timer(0.3, later)
    timer.start()
    with pytest.raises(CanceledError):
        session.run('while True: pass', deadline)
    latency_s = time.monotonic() - times[0]
    timer.join()
    print(f'cancel by {how}: {1000 * latency_s:.0f} ms')
    assert latency_s < 10.0
    if how == 'deadline':
        assert session.run('print(a)').stdout == '1\n'
    else:
        with pytest.raises(CanceledError):
            session.run('print(a)')


def test_deadline_ends_a_cell(session: KernelSession) -> None:
    began_s = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        session.run('while True: pass', Deadline(0.3))
    assert time.monotonic() - began_s < 10.0
    with pytest.raises(DeadlineExceededError):
        session.run('1', Deadline(0.0))
    assert session.run('print(1)').stdout == '1\n'


def test_close_ends_a_running_cell(kernel: Kernel, observation, host) -> None:
    session = kernel.open(observation, host)
    threading.Timer(0.2, session.close).start()
    began_s = time.monotonic()
    with pytest.raises(CanceledError):
        session.run('while True: pass')
    assert time.monotonic() - began_s < 10.0


@pytest.mark.parametrize('how', ['deadline', 'session'])
def test_cancel_ends_a_replay_soon(session: KernelSession, how: str) -> None:
    session.run('j = 1')
    assert session.run(
        'x = np.ones((300, 300))\nfor _ in range(20): x = np.linalg.svd(x)[0]').error is None
    kill_worker(session)
    deadline = Deadline(60.0)

    def cancel_in_the_replay() -> float:
        wait_for(lambda: session.worker_pid is not None)
        time.sleep(0.1)
        began_s = time.monotonic()
        (deadline if how == 'deadline' else session).cancel()
        return began_s

    with ThreadPoolExecutor(1) as others:
        canceling = others.submit(cancel_in_the_replay)
        with pytest.raises(CanceledError, match='replay'):
            session.run('print(j)', deadline)
        assert time.monotonic() - canceling.result() < 1.5
    assert session.worker_pid is None
    if how == 'deadline':
        result = session.run('print(j, x.shape)')
        assert (result.stdout, result.restarted) == ('1 (300, 300)\n', True)


@pytest.mark.parametrize('how', ['deadline', 'session'])
def test_cancel_during_a_tool_call_ends_its_cell(
    session: KernelSession, host, how: str,
) -> None:
    session.run('j = 1')
    deadline = Deadline(60.0)
    host.before = lambda call: (deadline if how == 'deadline' else session).cancel()
    with pytest.raises(CanceledError):
        session.run('j = 2\ntools.OCR.read(InputImages[0])\nwhile True: pass', deadline)
    assert (len(host.calls), session.tool_log, session.worker_pid) == (1, (), None)
    host.before = lambda call: None
    if how == 'deadline':
        assert session.run('print(j)').stdout == '1\n'
        assert session.run('tools.OCR.read(InputImages[0])').error is None


def test_close_ends_the_wait_of_those_who_open(observation, host) -> None:
    kernel = Kernel(limits=KernelLimits(spare_workers=0))
    with ThreadPoolExecutor(2) as others:
        opening = [others.submit(kernel.open, observation, host) for _ in range(2)]
        wait_for(lambda: kernel.stats().zygote_pid is not None or kernel.nursery.starts == 1)
        began_s = time.monotonic()
        kernel.close()
        for waiting in opening:
            with pytest.raises(KernelError, match='closed'):
                waiting.result()
        assert time.monotonic() - began_s < 20.0
    assert kernel.stats().sessions == 0
    assert kernel.stats().zygote_pid is None
