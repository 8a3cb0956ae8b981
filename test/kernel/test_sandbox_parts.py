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


"""Parts of the sandbox: what a worker reports, what a host without one gets, and the bounds."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from kernel_fixtures import wait_for

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import DeadlineExceededError, KernelError
from spatialclaw_ros.kernel import (
    Kernel,
    KernelLimits,
    KernelSession,
    SandboxPolicy,
    landlock,
    parts,
)
from spatialclaw_ros.kernel.support import sandbox_support

MIB = 1024 * 1024
LEAVE_OFF = (parts.LANDLOCK, parts.SECCOMP, parts.NO_CAPABILITIES, parts.THREAD_LIMIT)
SMALL = KernelLimits(cell_timeout_s=20.0, memory_bytes=256 * MIB, spare_workers=0)

has_all_parts = pytest.mark.skipif(
    not all(part.available for part in sandbox_support()), reason='this Linux lacks a part')


def test_every_part_has_a_name_and_a_cost() -> None:
    listed = {part.name: part for part in sandbox_support()}
    assert set(parts.WORKER_PARTS) < set(listed)
    assert all(part.cost for part in listed.values())
    assert listed[parts.MEMORY_FILES].available
    for what in ('files', 'environment', 'devices'):
        assert what in listed[parts.LANDLOCK].cost


@has_all_parts
def test_a_worker_finds_all_parts_on(kernel: Kernel) -> None:
    kernel.start()
    assert kernel.stats().sandbox == parts.WORKER_PARTS


@has_all_parts
@pytest.mark.parametrize('part', LEAVE_OFF[:2])
def test_required_does_not_start_without_a_part(observation, host, part: str) -> None:
    with _made('required', part) as kernel:
        with pytest.raises(KernelError) as caught:
            kernel.start()
        assert part in str(caught.value)
        assert 'sandbox: best_effort' in str(caught.value)
        with pytest.raises(KernelError, match=part):
            kernel.open(observation, host)
        assert kernel.stats().worker_pids == ()
        assert part not in kernel.stats().sandbox


@has_all_parts
def test_best_effort_starts_without_it_and_says_so_once(
    observation, host, caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING), _made('best_effort', *LEAVE_OFF) as kernel:
        for _ in range(3):
            with kernel.open(observation, host, gated=False) as session:
                assert session.run('import os\nprint(len(os.listdir("/")) > 0)').stdout == 'True\n'
        expected = tuple(part for part in parts.WORKER_PARTS if part not in LEAVE_OFF)
        assert kernel.stats().sandbox == expected
    warnings = [record.getMessage() for record in caplog.records
                if 'lacks parts of the sandbox' in record.getMessage()]
    assert len(warnings) == 1
    assert all(part in warnings[0] for part in LEAVE_OFF)


@has_all_parts
@pytest.mark.parametrize(('part', 'acts'), [
    (parts.LANDLOCK, ('os.mkdir(HERE + "/made")', 'os.symlink("a", HERE + "/made")',
                      'import socket\nsocket.socket()', 'os.kill(os.getppid(), 0)')),
    (parts.SECCOMP, ('open(HERE + "/secret")', 'os.mkdir(HERE + "/made")', 'os.listdir("/proc")',
                     'open(HERE + "/made", "w")', 'os.execv("/bin/true", ["true"])')),
])
def test_parts_stand_in_for_each_other(
    observation, host, tmp_path, part: str, acts: tuple[str, ...],
) -> None:
    (tmp_path / 'secret').write_text('x')
    tmp_path.chmod(0o777)
    with _made('best_effort', part) as kernel, kernel.open(
            observation, host, gated=False) as session:
        for act in acts:
            error = session.run(f'import os\nHERE = {str(tmp_path)!r}\n{act}').error
            assert error is not None, f'without {part} nothing stops: {act}'
            assert error.kind == 'PermissionError', (act, error)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['secret']


def test_off_is_for_measuring_only(
    observation, host, tmp_path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('SECRET_FOR_MEASURING', 'x')
    with _made(SandboxPolicy.OFF) as kernel:
        with kernel.open(observation, host, gated=False) as session:
            result = session.run(
                f'import os, socket\nsocket.socket().close()\nopen({str(tmp_path / "a")!r}, "w")\n'
                'print(os.environ["SECRET_FOR_MEASURING"])')
            assert (result.error, result.stdout) == (None, 'x\n')
            orphan = session.run(
                'import os, time\nif os.fork() == 0:\n    os.setsid()\n    pid = os.fork()\n'
                '    if pid == 0:\n        time.sleep(60)\n    os._exit(0)\n'
                'time.sleep(0.3)')
            assert orphan.error is None
        zygote = psutil.Process(kernel.stats().zygote_pid)
        wait_for(lambda: zygote.children(recursive=True) == [])
        assert parts.RESOURCE_LIMITS in kernel.stats().sandbox
        assert parts.SECCOMP not in kernel.stats().sandbox
    assert (tmp_path / 'a').exists()


@pytest.mark.skipif(not landlock.abi(), reason='this Linux has no Landlock')
@pytest.mark.parametrize('version', range(1, 8))
def test_older_landlock_is_used_as_far_as_it_goes(tmp_path, version: int) -> None:
    if version > landlock.abi():
        pytest.skip('this Linux is older')
    (tmp_path / 'in').mkdir()
    for place in ('in/a', 'b'):
        (tmp_path / place).write_text('x')
    script = (
        'import ctypes, os, sys\nfrom spatialclaw_ros.kernel import landlock\n'
        f'landlock.abi = lambda: {version}\n'
        f'ruleset = landlock.make_ruleset([{str(tmp_path / "in")!r}, "/not/there"])\n'
        'ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)\nlandlock.restrict(ruleset)\n'
        'def can(flags, path):\n'
        '    try:\n        os.close(os.open(path, flags))\n'
        '    except PermissionError:\n        return False\n    return True\n'
        f'os.chdir({str(tmp_path)!r})\n'
        'print(can(os.O_RDONLY, "in/a"), can(os.O_RDONLY, "b"), can(os.O_WRONLY, "in/a"),\n'
        '      can(os.O_RDONLY | os.O_CREAT, "in/c"))\n')
    done = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, timeout=60, check=False,
        env={'PYTHONPATH': os.pathsep.join(path for path in sys.path if path)})
    assert done.stdout == 'True False False False\n', done.stderr


def test_unknown_policies_are_refused() -> None:
    with pytest.raises(ValueError, match='maybe'):
        Kernel(sandbox='maybe')


@pytest.fixture(scope='module')
def small() -> Iterator[Kernel]:
    with Kernel(limits=SMALL) as made:
        yield made


@pytest.fixture
def cramped(small: Kernel, observation, host) -> Iterator[KernelSession]:
    """A session without the gate, of little memory."""
    with small.open(observation, host, gated=False) as session:
        yield session


MEMORY_BOMBS = {
    'an array': 'x = np.ones(400 * 2**20, np.uint8)',
    'many arrays': 'x = [np.ones(2**20, np.uint8) for _ in range(400)]',
    'text': 'x = "a" * (400 * 2**20)',
    'private mapping': 'import mmap\nm = mmap.mmap(-1, 400 * 2**20, flags=mmap.MAP_PRIVATE)',
    'shared mapping': 'import mmap\nm = mmap.mmap(-1, 4096)',
    'memory made read-only':
        'libc = c_library()\nfor _ in range(40):\n'
        '    place = libc.mmap(0, 10 << 20, 3, 0x22, 2**64 - 1, 0)\n'
        '    if place == 2**64 - 1: raise MemoryError\n'
        '    ctypes.memset(place, 1, 10 << 20)\n    libc.mprotect(place, 10 << 20, 1)',
    'a page of the stack moved':
        'libc = c_library()\npage = (libc.getauxval(25) & ~4095) - (25 << 12)\n'
        'place = libc.mremap(page, 4096, 400 << 20, 1)\n'
        'if place == 2**64 - 1: raise MemoryError\nctypes.memset(place, 1, 400 << 20)',
}
C_LIBRARY = """
import ctypes
def c_library():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = libc.mremap.restype = libc.getauxval.restype = ctypes.c_size_t
    libc.mmap.argtypes = [ctypes.c_size_t] * 6
    libc.mremap.argtypes = [ctypes.c_size_t] * 4
    libc.mprotect.argtypes = [ctypes.c_size_t] * 3
    return libc
a = 1
"""


@pytest.mark.parametrize('name', MEMORY_BOMBS)
def test_memory_is_bounded(cramped: KernelSession, name: str) -> None:
    assert cramped.run(C_LIBRARY).error is None
    result = cramped.run(MEMORY_BOMBS[name])
    assert result.error is not None
    assert cramped.run('print(a)').stdout == '1\n'


def test_threads_are_bounded(cramped: KernelSession) -> None:
    result = cramped.run(
        'import threading\nstop = threading.Event()\nthreading.stack_size(65536)\nmade = []\n'
        'try:\n    for _ in range(5000):\n        thread = threading.Thread(target=stop.wait)\n'
        '        thread.start()\n        made.append(thread)\n'
        'except RuntimeError as error:\n    print(error)\n'
        'stop.set()\nfor thread in made:\n    thread.join()\nprint(len(made))')
    assert result.error is None, result.error
    message, count = result.stdout.splitlines()
    assert "can't start new thread" in message
    bound = 16 + 2 * (os.cpu_count() or 1)
    # elsewhere than root's, threads of this user may end meanwhile
    assert 8 <= int(count) <= bound + (0 if os.geteuid() == 0 else 200)


def test_queued_signals_are_bounded(cramped: KernelSession) -> None:
    result = cramped.run(
        'import os, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [40])\n'
        'for _ in range(5000):\n    os.kill(os.getpid(), 40)')
    assert result.error is None, result.error
    with open(f'/proc/{cramped.worker_pid}/status') as file:
        queued, bound = next(line for line in file if line.startswith('SigQ')).split()[1].split('/')
    assert int(queued) <= int(bound) == 64


def test_processor_time_is_bounded(observation, host) -> None:
    limits = KernelLimits(cpu_s=1, cell_timeout_s=20.0, spare_workers=0)
    with Kernel(limits=limits) as kernel, kernel.open(observation, host) as session:
        result = session.run('while True: pass')
        assert result.error is not None
        assert result.error.kind == 'Timeout'
        assert 'processor time' in result.error.message


def test_a_worker_stands_back(cramped: KernelSession) -> None:
    process = psutil.Process(cramped.worker_pid)
    assert process.nice() == 10
    with open(f'/proc/{process.pid}/oom_score_adj') as file:
        assert int(file.read()) >= 900


def test_a_kernel_waits_no_longer_than_its_caller(observation, host) -> None:
    with _made('required') as kernel:
        began_s = time.monotonic()
        with pytest.raises(DeadlineExceededError):
            kernel.open(observation, host, deadline=Deadline(0.2))
        assert time.monotonic() - began_s < 2.0


def _made(policy: SandboxPolicy | str, *without: str) -> Kernel:
    return _Unstarted(limits=SMALL, sandbox=policy, without=without)


class _Unstarted(Kernel):
    """A kernel whose start is left to the test."""

    def __enter__(self) -> Kernel:
        return self

