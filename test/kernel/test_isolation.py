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


"""What a worker can reach without the gate, and what a kernel leaves behind."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import psutil
import pytest
from kernel_fixtures import wait_for

from spatialclaw_ros.kernel import Kernel, KernelSession, parts


def test_sessions_do_not_see_each_other(kernel: Kernel, observation, host) -> None:
    with kernel.open(observation, host) as one, kernel.open(observation, host) as two:
        one.run('secret = 42\nnp.mark = 1\nmath.pi = 3')
        result = two.run('print("secret" in globals(), hasattr(np, "mark"), math.pi)')
        assert result.stdout == 'False False 3.141592653589793\n'
    with kernel.open(observation, host) as three:
        assert three.run('print("secret" in globals(), hasattr(np, "mark"))').stdout == (
            'False False\n')


def test_sessions_run_at_once(kernel: Kernel, observation, host) -> None:
    outputs: dict[int, list[str]] = {}

    def work(number: int) -> None:
        with kernel.open(observation, host) as session:
            session.run(f'x = {number}')
            for _ in range(20):
                session.run('x += 1')
            outputs[number] = [session.run('print(x)').stdout]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == {number: [f'{number + 20}\n'] for number in range(6)}


def test_environment_is_empty(ungated: KernelSession, monkeypatch: pytest.MonkeyPatch) -> None:
    result = ungated.run(
        'import os, sys\nprint(dict(os.environ))\n'
        'try:\n    print(open("/proc/self/environ", "rb").read().strip(b"\\0"))\n'
        'except OSError:\n    print(b"")\n'
        'print(os.getcwd())')
    assert result.stdout.splitlines() == ['{}', "b''", '/'], result


def test_only_the_wire_is_open(ungated: KernelSession) -> None:
    result = ungated.run(
        'import os\n'
        'def kind(fd):\n'
        '    try: return os.fstat(fd).st_mode >> 12\n'
        '    except OSError: return None\n'
        'print([kind(fd) for fd in range(64)])')
    assert result.error is None
    null, socket_ = 0o020000 >> 12, 0o140000 >> 12
    assert result.stdout.strip() == str([null, null, null, socket_] + [None] * 60)


@pytest.mark.parametrize(('name', 'code'), [
    ('write a file', 'with open(TARGET, "w") as f: f.write("x")'),
    ('grow a memory file', 'import os\nfd = os.memfd_create("x")\nos.ftruncate(fd, 10)'),
    ('raise a limit', 'import resource\n'
                      'resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))'),
    ('become another user', 'import os\nos.setuid(1)'),
    ('mount or chroot', 'import os\nos.chroot("/")'),
    ('write a frame', 'import ctypes\n'
                      'InputImages[0].array.__array_interface__["data"][0]\n'
                      'libc = ctypes.CDLL(None, use_errno=True)\n'
                      'p = InputImages[0].array.__array_interface__["data"][0] & ~4095\n'
                      'if libc.mprotect(ctypes.c_void_p(p), 4096, 3) != 0:\n'
                      '    raise OSError(ctypes.get_errno(), "mprotect")'),
])
def test_what_is_given_up(ungated: KernelSession, tmp_path: Path, name: str, code: str) -> None:
    target = tmp_path / 'written'
    ungated.run(f'TARGET = {str(target)!r}')
    error = ungated.run(code).error
    assert error is not None, f'a worker could {name}'
    assert not target.exists() or target.stat().st_size == 0


def test_privileges_are_gone(ungated: KernelSession) -> None:
    pid = ungated.worker_pid
    assert pid is not None
    with open(f'/proc/{pid}/status') as file:
        status = dict(line.split(':', 1) for line in file.read().splitlines())
    assert status['NoNewPrivs'].strip() == '1'
    assert int(status['CapEff'], 16) == int(status['CapPrm'], 16) == 0
    assert os.getpgid(pid) == os.getsid(pid) == pid


@pytest.mark.parametrize('how', ['in its group', 'in a group of its own'])
def test_children_of_a_worker_end_with_it(observation, host, how: str) -> None:
    leave = 'os.setsid()' if how == 'in a group of its own' else 'pass'
    # seccomp would not let it have any
    with Kernel(sandbox='best_effort', without=(parts.SECCOMP,)) as kernel:
        with kernel.open(observation, host, gated=False) as session:
            result = session.run(
                f'import os, time\npid = os.fork()\nif pid == 0:\n    {leave}\n'
                '    time.sleep(60)\n    os._exit(0)\nprint(pid)')
            assert result.error is None, result.error
            child = psutil.Process(psutil.Process(session.worker_pid).children()[0].pid)
            assert child.is_running()
        wait_for(lambda: not child.is_running())


def test_workers_end_with_the_host(tmp_path) -> None:
    script = (
        'import os, sys\nimport numpy as np\n'
        'from spatialclaw_ros.kernel import Kernel\n'
        'from spatialclaw_ros.workspace.observation import Frame, Observation\n'
        'from spatialclaw_ros.workspace.calls import ToolResult\n'
        'kernel = Kernel()\n'
        'frame = Frame(0, "c", 0, "c", np.zeros((4, 4, 3), np.uint8))\n'
        'kernel.open(Observation((frame,)), lambda call: ToolResult())\n'
        'stats = kernel.stats()\nprint(stats.zygote_pid, *stats.worker_pids, flush=True)\n'
        'os._exit(1)\n')
    import subprocess
    import sys
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True,
                          env=environment, timeout=60, check=False)
    pids = [int(word) for word in done.stdout.split()]
    assert len(pids) == 2, done.stderr
    end_s = time.monotonic() + 5.0
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != 'zombie' for pid in pids):
        assert time.monotonic() < end_s
        time.sleep(0.05)


def test_nothing_is_left_after_20_sessions(kernel: Kernel, observation, host) -> None:
    host_process = psutil.Process()

    def count() -> tuple[int, int, int, int]:
        zygote = psutil.Process(kernel.stats().zygote_pid)
        return (host_process.num_fds(), threading.active_count(),
                len(host_process.children(recursive=True)), zygote.num_fds())

    with kernel.open(observation, host) as session:
        session.run('tools.Reconstruct.Reconstruct(InputImages)')
    time.sleep(0.5)  # the next worker is made ready meanwhile
    before = count()
    for number in range(20):
        session = kernel.open(observation, host, gated=False)
        session.run('recon = tools.Reconstruct.Reconstruct(InputImages)')
        if number % 5 == 0:
            session.run('import os\nos._exit(3)')
        session.close()
    end_s = time.monotonic() + 5.0
    while count() != before and time.monotonic() < end_s:
        time.sleep(0.05)
    assert count() == before
    stats = kernel.stats()
    assert (stats.sessions, stats.worker_pids) == (0, ())
