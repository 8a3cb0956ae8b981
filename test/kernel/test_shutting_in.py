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

"""How a worker is shut in: one thread at that time, room for the files it is sent, slow readers."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
import time

import pytest

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import hardening, seccomp
from spatialclaw_ros.kernel.child import Child, Interrupt, WorkerTimeoutError
from spatialclaw_ros.kernel.messages import ToolReply
from spatialclaw_ros.sharing.memory import MemoryFile

MIB = 1024 * 1024
FORKS = 200
# each fork closes its sandbox up to Landlock, and ends with the number of its threads
SHUT_IN = f"""
import os
from spatialclaw_ros.kernel import hardening, landlock
from spatialclaw_ros.kernel.messages import Fork
landlock.restrict = lambda fd: os._exit(len(os.listdir('/proc/self/task')))
request = Fork('required', 1 << 30, 1 << 30, 60, [])
counts = []
for _ in range({FORKS}):
    pid = os.fork()
    if pid == 0:
        try:
            hardening.close_sandbox(request, has_ruleset=True)
        finally:
            os._exit(99)
    counts.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(set(counts))
"""
TRICKLE = """
import socket, struct, sys
wire = socket.socket(fileno=int(sys.argv[1]))
wire.sendall(struct.pack('<I', 1 << 24))
while True:
    wire.send(b'x')
"""


def test_a_worker_has_one_thread_when_it_is_shut_in() -> None:
    done = subprocess.run(
        [sys.executable, '-c', SHUT_IN], capture_output=True, text=True, timeout=120, check=False,
        env={'PYTHONPATH': os.pathsep.join(path for path in sys.path if path)})
    assert done.stdout == '{1}\n', done.stdout + done.stderr


@pytest.mark.skipif(not seccomp.available(), reason='this Linux has no seccomp filters')
def test_the_filter_is_put_on_every_thread() -> None:
    script = (
        'import ctypes, socket, threading\nfrom spatialclaw_ros.kernel import seccomp\n'
        'start, seen = threading.Event(), []\n'
        'def work():\n    start.wait()\n'
        '    try:\n        socket.socketpair()\n'
        '    except PermissionError as error:\n        seen.append(error.errno)\n'
        'thread = threading.Thread(target=work)\nthread.start()\n'
        'ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)\nseccomp.install()\nstart.set()\n'
        'thread.join()\nprint(seen)\n')
    done = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, timeout=60, check=False,
        env={'PYTHONPATH': os.pathsep.join(path for path in sys.path if path)})
    assert done.stdout == f'[{errno.EPERM}]\n', done.stderr


@pytest.mark.parametrize(('number', 'is_landlock', 'is_seccomp'), [
    (errno.EACCES, True, False), (errno.EPERM, False, True)])
def test_parts_are_told_by_their_own_errors(
    monkeypatch: pytest.MonkeyPatch, number: int, is_landlock: bool, is_seccomp: bool,
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(hardening.os, 'open', refuse)
        patch.setattr(hardening.socket, 'socket', refuse)
        found = hardening._is_shut_out_of_files(), hardening._is_without_sockets()
    assert found == (is_landlock, is_seccomp)


@pytest.fixture
def stranger() -> subprocess.Popen[bytes]:
    """A process of the same user that waits."""
    with subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_room_grows_with_each_file(stranger: subprocess.Popen[bytes]) -> None:
    ours, theirs = socket.socketpair()
    interrupt, file = Interrupt(), MemoryFile(5 * MIB + 1)
    child = Child(stranger.pid, os.pidfd_open(stranger.pid), ours, interrupt)
    try:
        assert child.limit_room(100 * MIB)
        with open(f'/proc/{stranger.pid}/statm') as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
        before, hard = resource.prlimit(stranger.pid, resource.RLIMIT_AS)
        assert 0 <= before - used <= 200 * MIB
        until_s = time.monotonic() + 10.0
        for times in (1, 2):
            child.send(ToolReply({}, [], 0, None, ''), until_s, Deadline(), 'a test', (file.fd,))
            after, same = resource.prlimit(stranger.pid, resource.RLIMIT_AS)
            assert after - before == times * (5 * MIB + resource.getpagesize())
            assert same == hard
        child.send(ToolReply({}, [], 0, b'', ''), until_s, Deadline(), 'a test')
        assert resource.prlimit(stranger.pid, resource.RLIMIT_AS)[0] == after
    finally:
        theirs.close()
        child.kill()
        child.close()
        interrupt.close()
        file.close()


def test_a_trickle_costs_little() -> None:
    ours, theirs = socket.socketpair()
    with theirs, subprocess.Popen([sys.executable, '-c', TRICKLE, str(theirs.fileno())],
                                  pass_fds=[theirs.fileno()]) as writer:
        interrupt = Interrupt()
        child = Child(writer.pid, os.pidfd_open(writer.pid), ours, interrupt)
        try:
            began_s, used_s = time.monotonic(), time.thread_time()
            with pytest.raises(WorkerTimeoutError):
                child.receive(began_s + 1.5, Deadline(), 'a test')
            # without pauses between the sips it is all of it
            assert time.thread_time() - used_s < 0.5 * (time.monotonic() - began_s)
        finally:
            child.kill()
            child.close()
            interrupt.close()
