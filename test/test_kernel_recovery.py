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


"""A worker that dies takes nothing with it but the cell that it died of."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, DeadlineExceededError, KernelError
from spatialclaw_ros.kernel import Kernel, KernelLimits, KernelSession

SETUP = (
    'import random\n'
    'recon = tools.Reconstruct.Reconstruct(InputImages)\n'
    'text = tools.OCR.read(np.full((8, 9, 3), 50, np.uint8))[0].text',
    'a = np.random.rand(5)\nb = random.random()\nc = np.random.default_rng().normal(size=3)\n'
    'd = {"k": [1, 2, {3, "four"}]}\ndef f(x): return x + 1',
    'e = 1\nd["new"] = f(e)\nraise ValueError("half way")',
    'g = np.random.default_rng().integers(0, 10**9)\nkeys = list(set("abcdefgh"))',
)
LOOK = 'print(a, b, c, d, e, f(1), g, keys, text, recon.depth[2].sum(), recon.points[0].shape)'

DEATHS = {
    'python loop': ('while True: pass', 'Timeout'),
    'loop that swallows interrupts':
        ('while True:\n    try:\n        while True: pass\n    except BaseException: pass',
         'Timeout'),
    'C loop': ('sum(range(10**12))', 'Timeout'),
    'C loop in NumPy':
        ('x = np.ones((1500, 1500))\nwhile True: x = np.linalg.svd(x)[0]', 'Timeout'),
    'sleep': ('import time\ntime.sleep(100)', 'Timeout'),
    'one huge array': ('x = np.ones((10**6, 10**6))', 'OutOfMemory'),
    'memory bit by bit': ('l = []\nwhile True: l.append(np.empty(10**6))', 'OutOfMemory'),
    'segmentation fault': ('import ctypes\nctypes.string_at(0)', 'Crash'),
    'exit': ('import os\nos._exit(0)', 'Crash'),
    'abort': ('import os\nos.abort()', 'Crash'),
    'killed': ('import os, signal\nos.kill(os.getpid(), signal.SIGKILL)', 'Crash'),
    'garbage on the wire': ('import os\nos.write(3, b"\\xff" * 100)', 'Crash'),
    'forged message': ('import os\nos.write(3, b"\\x05\\0\\0\\0hello")', 'Crash'),
    'closed wire': ('import os\nos.close(3)', 'Crash'),
}


def kill_worker(session: KernelSession) -> None:
    """Kill a session's worker from outside, and wait until it is dead."""
    assert session.worker_pid is not None
    os.kill(session.worker_pid, signal.SIGKILL)
    wait_for(lambda: session.worker_pid is None)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait at most two seconds."""
    end_s = time.monotonic() + 2.0
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.005)


@pytest.mark.parametrize('name', DEATHS)
def test_nothing_but_the_failing_cell_is_lost(
    hasty: KernelSession, host, name: str,
) -> None:
    for code in SETUP:
        hasty.run(code)
    before = hasty.run(LOOK)
    assert before.error is None
    calls = len(host.calls)
    code, kind = DEATHS[name]
    began_s = time.monotonic()
    result = hasty.run('e = 99\nd["lost"] = 1\n' + code)
    assert time.monotonic() - began_s < 6.0
    assert result.error is not None
    assert (result.error.kind, result.restarted) == (kind, True)
    assert 'as before' in result.error.message
    assert 'recon' in result.error.message
    after = hasty.run(LOOK)
    assert after.error is None
    assert after.stdout == before.stdout
    assert not after.restarted
    assert len(host.calls) == calls
    assert len(hasty.tool_log) == 2


@pytest.mark.parametrize(('name', 'words'), [
    ('segmentation fault', 'segmentation fault'),
    ('abort', 'signal 6'),
    ('exit', 'ended during the cell'),
    ('garbage on the wire', 'connection'),
    ('one huge array', '512 MiB'),
    ('sleep', '1 s allowed'),
])
def test_the_model_is_told_what_happened(
    hasty: KernelSession, name: str, words: str,
) -> None:
    error = hasty.run(DEATHS[name][0]).error
    assert error is not None
    assert words in error.message
    assert 'no earlier variables' in error.message


def test_kill_between_cells(session: KernelSession, host) -> None:
    for code in SETUP:
        session.run(code)
    before = session.run(LOOK)
    kill_worker(session)
    after = session.run(LOOK)
    assert after.error is None
    assert after.restarted
    assert after.stdout == before.stdout
    assert len(host.calls) == 2


def test_death_after_death(session: KernelSession) -> None:
    session.run('a = 1')
    for number in range(3):
        kill_worker(session)
        result = session.run(f'a += 1\nb{number} = a')
        assert result.error is None
    assert session.run('print(a, b0, b1, b2)').stdout == '4 2 3 4\n'
    assert session.restarts == 3


def test_tool_calls_of_a_lost_cell_are_not_remembered(hasty: KernelSession, host) -> None:
    result = hasty.run('tools.OCR.read(InputImages[0])\nwhile True: pass')
    assert result.error is not None
    assert hasty.tool_log == ()
    assert hasty.run('tools.OCR.read(InputImages[0])').error is None
    assert len(hasty.tool_log) == 1


def test_replay_is_bounded_and_its_failure_told(hasty: KernelSession) -> None:
    hasty.run('import os\na = 1')
    # the time of the process itself, which a replay does not make up
    for _ in range(3):
        assert hasty.run('end = os.times().elapsed + 0.8\nwhile os.times().elapsed < end: pass\n'
                         'del end').error is None
    result = hasty.run('while True: pass')
    assert result.error is not None
    assert result.error.kind == 'Timeout'
    assert 'after cell 2 of 4 (a)' in result.error.message
    assert hasty.run('print(a)').stdout == '1\n'


def test_replay_that_asks_something_else_is_told(ungated: KernelSession, host) -> None:
    ungated.run('import os\nj = 1')
    ungated.run('k = os.getpid()\ntools.OCR.read(np.full((8, 9, 3), k % 251, np.uint8))')
    kill_worker(ungated)
    result = ungated.run('print(j, "k" in globals())')
    assert result.restarted
    assert 'other tool calls' in result.stdout
    assert 'after cell 1 of 2 (j)' in result.stdout
    assert result.stdout.endswith('1 False\n')


def test_variables_that_a_replay_makes_different_are_told(ungated: KernelSession) -> None:
    ungated.run('import os\nj = 1')
    ungated.run('k, m = os.getpid(), 5')
    kill_worker(ungated)
    result = ungated.run('print(j, m)')
    assert 'now read differently than before: k; look' in result.stdout
    assert result.stdout.endswith('\n1 5\n')


def test_zygote_death(observation, host) -> None:
    with Kernel(limits=KernelLimits(cell_timeout_s=5.0)) as kernel:
        session = kernel.open(observation, host)
        for code in SETUP:
            session.run(code)
        before = session.run(LOOK)
        stats = kernel.stats()
        assert stats.zygote_pid is not None
        os.kill(stats.zygote_pid, signal.SIGKILL)
        wait_for(lambda: kernel.stats().zygote_pid is None and session.worker_pid is None)
        after = session.run(LOOK)
        assert after.restarted
        assert after.stdout == before.stdout
        assert len(host.calls) == 2
        stats = kernel.stats()
        assert stats.zygote_starts == 2
        assert len(stats.worker_pids) == 1
        session.close()


@pytest.mark.parametrize('deaths', [1, 2])
def test_a_worker_killed_before_it_is_ready_is_replaced_once(
    observation, host, monkeypatch, deaths: int,
) -> None:
    with Kernel(limits=KernelLimits(cell_timeout_s=5.0)) as kernel:
        take, killed = kernel.nursery.take, []

        def take_and_kill(interrupt, deadline):
            child = take(interrupt, deadline)
            if len(killed) < deaths:
                killed.append(child.pid)
                os.kill(child.pid, signal.SIGKILL)
                wait_for(lambda: not child.alive)
            return child

        monkeypatch.setattr(kernel.nursery, 'take', take_and_kill)
        if deaths > 1:
            with pytest.raises(KernelError, match='did not get ready'):
                kernel.open(observation, host)
        else:
            with kernel.open(observation, host) as session:
                assert session.run('print(1)').stdout == '1\n'
        assert len(killed) == deaths
        assert kernel.stats().worker_pids == ()


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
    assert latency_s < 0.5
    if how == 'deadline':
        assert session.run('print(a)').stdout == '1\n'
    else:
        with pytest.raises(CanceledError):
            session.run('print(a)')


def test_deadline_ends_a_cell(session: KernelSession) -> None:
    began_s = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        session.run('while True: pass', Deadline(0.3))
    assert time.monotonic() - began_s < 0.8
    with pytest.raises(DeadlineExceededError):
        session.run('1', Deadline(0.0))
    assert session.run('print(1)').stdout == '1\n'


def test_close_ends_a_running_cell(kernel: Kernel, observation, host) -> None:
    session = kernel.open(observation, host)
    threading.Timer(0.2, session.close).start()
    began_s = time.monotonic()
    with pytest.raises(CanceledError):
        session.run('while True: pass')
    assert time.monotonic() - began_s < 0.8
