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



"""Coverage-guided: any stream of bytes, pieces and descriptors through the host's end of a wire.

An input is a script for the worker's end: bytes as they are, announced lengths, whole messages,
descriptors sent along, and whether it closes at last. The host reads until it has enough; it must
come to an end in time and with as many descriptors as before.
"""

from __future__ import annotations

import os
import socket
import time

import atheris

with atheris.instrument_imports(include=['spatialclaw_ros.kernel']):
    from fuzzing import fuzz
    from host_path import ENCODED, WORDS

    from spatialclaw_ros.deadline import Deadline
    from spatialclaw_ros.errors import KernelError
    from spatialclaw_ros.kernel.child import Child, Interrupt
    from spatialclaw_ros.kernel.wire import parts_of

MAX_STEPS = 64
PATIENCE_S = 0.002
SLACK_S = 2.0
NULL = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


def play(connection: socket.socket, script: bytes) -> None:
    """What the worker sends."""
    data = atheris.FuzzedDataProvider(script)
    for _ in range(data.ConsumeIntInRange(1, MAX_STEPS)):
        kind = data.ConsumeIntInRange(0, 4)
        if kind == 0:
            piece = data.ConsumeBytes(data.ConsumeIntInRange(1, 300))
        elif kind == 1:
            piece = data.ConsumeIntInRange(0, 2**32 - 1).to_bytes(4, 'little')
        else:
            message = ENCODED[data.ConsumeIntInRange(0, len(ENCODED) - 1)]
            whole = b''.join(parts_of(message))
            piece = whole[:data.ConsumeIntInRange(1, len(whole))] if kind == 2 else whole
        if not piece:
            continue
        fds = [NULL] * data.ConsumeIntInRange(0, 8) if kind == 4 else []
        try:
            socket.send_fds(connection, [piece], fds)
        except BlockingIOError:
            return
    if data.ConsumeBool():
        connection.close()


def one_input(script: bytes) -> None:
    """Let a worker play, and the host read."""
    before = len(os.listdir('/proc/self/fd'))
    host_end, worker_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    interrupt = Interrupt()
    child = Child(os.getpid(), os.pidfd_open(os.getpid()), host_end, interrupt)
    worker_end.setblocking(False)
    began_s = time.monotonic()
    try:
        play(worker_end, script)
        until_s = time.monotonic() + PATIENCE_S
        while True:
            child.receive(until_s, Deadline(), 'fuzzing')
    except KernelError:
        assert time.monotonic() - began_s < SLACK_S
    finally:
        child.close()
        interrupt.close()
        worker_end.close()
    assert len(os.listdir('/proc/self/fd')) == before


if __name__ == '__main__':
    fuzz(one_input, seeds=[b''.join(b''.join(parts_of(e)) for e in ENCODED), *ENCODED],
         words=WORDS, description=__doc__ or '')
