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


"""What Linux refuses, and what fails in the host itself, takes nothing else along."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator

import psutil
import pytest
from kernel_fixtures import SOON_S, wait_for

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, KernelError
from spatialclaw_ros.kernel import Kernel, KernelLimits, messages, wire, worker, zygote
from spatialclaw_ros.kernel.child import Child, Interrupt
from spatialclaw_ros.kernel.limits import SandboxPolicy
from spatialclaw_ros.kernel.worker_maker import WorkerMaker
from spatialclaw_ros.kernel.zygote_process import ZygoteProcess

LIMITS = KernelLimits(spare_workers=0, cell_timeout_s=5.0)


def at_rest(kernel: Kernel) -> bool:
    """Whether a kernel without sessions makes no spare worker and buries none."""
    stats = kernel.stats()
    return (stats.zygote_pid is not None and stats.spare_workers == kernel.limits.spare_workers
            == len(psutil.Process(stats.zygote_pid).children()))


@pytest.fixture
def own(kernel: Kernel) -> Iterator[Kernel]:
    """A kernel that may be damaged; nothing of it may be left beside the one that others share."""
    process = psutil.Process()
    wait_for(lambda: at_rest(kernel))
    before = process.num_fds(), threading.active_count(), len(process.children(recursive=True))
    made = Kernel(limits=LIMITS)
    made.start()
    yield made
    with contextlib.suppress(KernelError):
        made.close()
    assert before == (
        process.num_fds(), threading.active_count(), len(process.children(recursive=True)))


def limit_descriptors(kernel: Kernel, count: int) -> None:
    """Let the zygote, and what it forks, open no descriptor of a higher number."""
    pid = kernel.stats().zygote_pid
    assert pid is not None
    hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, hard))


@pytest.mark.parametrize('free', [0, 1, 2])
def test_a_refused_worker_ends_no_other_session(
    own: Kernel, observation, host, free: int,
) -> None:
    with own.open(observation, host) as session:
        session.run('a = 1')
        wait_for(lambda: own.stats().spare_workers <= 1)
        with contextlib.ExitStack() as others:
            for _ in range(own.stats().spare_workers):
                others.enter_context(own.open(observation, host))
            pid = own.stats().zygote_pid
            used = {int(fd) for fd in os.listdir(f'/proc/{pid}/fd')}
            first_free = next(fd for fd in range(999) if fd not in used)
            limit_descriptors(own, first_free + free)
            with pytest.raises(KernelError) as caught:
                own.open(observation, host)
            limit_descriptors(own, 256)
        # with two the worker is made, and fails where it cuts itself loose
        assert ('Linux refused a process' if free < 2 else 'Bad file') in str(caught.value)
        result = session.run('print(a)')
        assert (result.stdout, result.restarted) == ('1\n', False)
        with own.open(observation, host) as other:
            assert other.run('print(2)').stdout == '2\n'
    assert own.stats().zygote_starts == 1


@pytest.mark.parametrize('call', ['fork', 'pidfd_open'])
def test_the_zygote_tells_what_was_refused(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def refuse(*_: object) -> int:
        raise OSError(11, 'Resource temporarily unavailable')

    monkeypatch.setattr(worker, 'main', lambda *_: signal.pause())
    monkeypatch.setattr(os, call, refuse)
    sent: list[bytes] = []

    class Control:
        def send(self, payload: bytes, fds: object = ()) -> None:
            sent.append(payload)

    before = set(psutil.Process().children())
    reading, writing = os.pipe()
    children: set[int] = set()
    zygote._fork(
        Control(), messages.Fork('required', 1, 1, 1), [writing], None, children)
    (reply,) = map(wire.decode_from_zygote, sent)
    assert isinstance(reply, messages.ForkFailed)
    assert 'temporarily unavailable' in reply.message
    assert children == set()
    assert os.read(reading, 1) == b''  # nobody holds its other end
    os.close(reading)
    assert set(psutil.Process().children()) <= before


def unkillable(monkeypatch: pytest.MonkeyPatch, pid: int) -> list[int]:
    """Let one worker seem to withstand its end; it ends with its wire."""
    kill, tried = Child.kill, []

    def try_to_kill(child: Child) -> None:
        kill(child)
        if child.pid == pid:
            tried.append(pid)
            raise KernelError(f'worker {pid} could not be killed within 10 s')

    monkeypatch.setattr(Child, 'kill', try_to_kill)
    return tried


def test_a_worker_that_withstands_keeps_nothing_else_open(
    own: Kernel, observation, host, monkeypatch: pytest.MonkeyPatch,
) -> None:
    sessions = [own.open(observation, host) for _ in range(3)]
    pids = own.stats().worker_pids
    zygote_pid = own.stats().zygote_pid
    assert sessions[1].worker_pid is not None
    tried = unkillable(monkeypatch, sessions[1].worker_pid)
    with pytest.raises(KernelError, match='could not be killed'):
        own.close()
    assert tried
    assert not any(map(psutil.pid_exists, (*pids, zygote_pid)))
    assert own.stats().sessions == 0
    # it may still read what it was lent
    assert own.stats().pool_bytes == 0
    own.close()


def test_tool_results_of_a_cell_whose_worker_withstands_are_let_go(
    own: Kernel, observation, host, monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = own.open(observation, host)
    assert session.worker_pid is not None
    unkillable(monkeypatch, session.worker_pid)
    with pytest.raises(KernelError, match='could not be killed'):
        session.run('tools.Reconstruct.Reconstruct(InputImages)\nl = [0]\nwhile True: l += l')
    assert len(host.calls) == 1
    # no descriptor is left: `own` looks after that
    session.close()


def test_a_spare_that_withstands_does_not_end_the_nursery(
    observation, host, monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Kernel(limits=KernelLimits(spare_workers=1)) as kernel:
        wait_for(lambda: kernel.stats().spare_workers == 1)
        zygote_pid = kernel.stats().zygote_pid
        assert zygote_pid is not None
        (spare,) = psutil.Process(zygote_pid).children()
        tried = unkillable(monkeypatch, spare.pid)
        os.kill(zygote_pid, signal.SIGKILL)
        wait_for(lambda: bool(tried))
        with kernel.open(observation, host) as session:
            assert session.run('print(1)').stdout == '1\n'
        assert not kernel.closed


def test_a_nursery_that_fails_says_so_and_can_be_closed(
    own: Kernel, observation, host, monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = own.open(observation, host)
    assert not own.closed

    def fail(_: WorkerMaker) -> None:
        raise ZeroDivisionError

    close, may_end = ZygoteProcess.close, threading.Event()

    def close_late(process: ZygoteProcess) -> None:
        assert may_end.wait(SOON_S)
        close(process)

    monkeypatch.setattr(WorkerMaker, 'make', fail)
    monkeypatch.setattr(ZygoteProcess, 'close', close_late)
    for _ in range(2):
        with pytest.raises(KernelError, match='make a new one'):
            own.open(observation, host)
    assert own.closed
    # a worker ends with its zygote, not before
    assert session.run('print(1)').stdout == '1\n'
    may_end.set()
    wait_for(lambda: session.worker_pid is None)
    with pytest.raises(KernelError, match='make a new one'):
        session.run('1')


def test_nobody_waits_for_a_burial_that_is_cancelled(
    own: Kernel, monkeypatch: pytest.MonkeyPatch,
) -> None:
    interrupt = Interrupt()
    child = own.nursery.take(interrupt, Deadline())
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait(SOON_S)

    def cancel(*_: object) -> None:
        raise CanceledError('the kernel session was cancelled')

    monkeypatch.setattr(ZygoteProcess, 'reap', cancel)
    began_s = time.monotonic()
    assert own.nursery.reap(child) is None
    assert time.monotonic() - began_s < 10.0
    interrupt.close()


def test_no_room_for_the_zygotes_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError(28, 'No space left on device')

    interrupt = Interrupt()
    before = sorted(os.listdir('/proc/self/fd'))
    monkeypatch.setattr(tempfile, 'TemporaryFile', fail)
    with pytest.raises(KernelError, match='No space left'):
        ZygoteProcess(SandboxPolicy.REQUIRED, interrupt)
    assert sorted(os.listdir('/proc/self/fd')) == before
    interrupt.close()


def test_a_zygote_that_withstands_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:
    interrupt = Interrupt()
    made = ZygoteProcess(SandboxPolicy.REQUIRED, interrupt)
    wait, kinds = subprocess.Popen.wait, []

    def withstand(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        kinds.append(timeout)
        wait(process)
        raise subprocess.TimeoutExpired('zygote', timeout or 0.0)

    monkeypatch.setattr(subprocess.Popen, 'wait', withstand)
    made.close()
    monkeypatch.undo()
    assert len(kinds) == 2
    assert None not in kinds
    assert 'could not be killed' in caplog.text
    interrupt.close()
