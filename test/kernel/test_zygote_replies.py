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



"""What the zygote answers is bounded and typed too, though it runs trusted code only."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator

import pytest

from spatialclaw_ros.errors import KernelError
from spatialclaw_ros.kernel import wire
from spatialclaw_ros.kernel.child import Interrupt
from spatialclaw_ros.kernel.limits import SandboxPolicy
from spatialclaw_ros.kernel.messages import Fork, Forked, Reaped, ZygoteReady
from spatialclaw_ros.kernel.zygote_process import ZygoteGoneError, ZygoteProcess

Say = Callable[[bytes, int], None]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ZygoteProcess, Say]]:
    """A zygote whose end of the wire is played here; nothing of it may be left open."""
    before = sorted(os.listdir('/proc/self/fd'))
    ends: list[socket.socket] = []
    popen = subprocess.Popen

    def start(command: object, *, pass_fds: list[int], **_: object) -> object:
        ends.append(socket.socket(fileno=os.dup(pass_fds[0])))
        return popen(['sleep', '600'])

    monkeypatch.setattr(subprocess, 'Popen', start)
    interrupt = Interrupt()
    zygote = ZygoteProcess(SandboxPolicy.REQUIRED, interrupt)

    def say(data: bytes, fd_count: int) -> None:
        socket.send_fds(ends[0], [data], [0] * fd_count)

    yield zygote, say
    ends[0].close()
    zygote.close()
    interrupt.close()
    assert sorted(os.listdir('/proc/self/fd')) == before


def whole(message: ZygoteReady | Forked | Reaped) -> bytes:
    return b''.join(wire.parts_of(wire.encode(message)))


REPLIES = {
    'no descriptor': (whole(Forked(7)), 0),
    'two descriptors': (whole(Forked(7)), 2),
    'another reply': (whole(Reaped(0)), 1),
    'ready again': (whole(ZygoteReady(1)), 1),
    'noise': (b'\1\0\0\0\xc1', 1),
    'no process': (whole(Forked(0)), 1),
    'a long reply': ((5000).to_bytes(4, 'little') + bytes(5000), 1),
    'more descriptors than fit': (whole(Forked(7)), 100),
}


@pytest.mark.parametrize('name', REPLIES)
def test_a_wrong_reply_to_fork(played: tuple[ZygoteProcess, Say], name: str) -> None:
    zygote, say = played
    near, far = socket.socketpair()
    with near, far:
        say(*REPLIES[name])
        with pytest.raises(ZygoteGoneError, match='no answer from the zygote'):
            zygote.fork(Fork('required', 1, 1, 1), far)


def test_right_replies(played: tuple[ZygoteProcess, Say]) -> None:
    zygote, say = played
    say(whole(ZygoteReady(1)), 0)
    zygote.wait_ready(5.0)
    near, far = socket.socketpair()
    with near, far:
        say(whole(Forked(7)), 1)
        pid, fd = zygote.fork(Fork('required', 1, 1, 1), far)
        os.close(fd)
    assert pid == 7
    say(whole(Reaped(9)), 0)
    assert zygote.reap(7) == 9


def test_a_wrong_start(played: tuple[ZygoteProcess, Say]) -> None:
    zygote, say = played
    say(whole(ZygoteReady(1)), 1)
    with pytest.raises(KernelError, match='did not come up'):
        zygote.wait_ready(5.0)
