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


"""What a cell costs at least: a message to another Python process and one back.

`python bench_floor.py` prints its median; `perf stat` or `strace -c` before it count what it does.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time

_MESSAGE = bytes(300)
_ECHO = """\
import socket, sys
connection = socket.socket(fileno=int(sys.argv[1]))
while message := connection.recv(4096):
    connection.send(message)
"""


def round_trips(count: int) -> list[float]:
    """Seconds of each of so many round trips."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with near:
        with far:
            process = subprocess.Popen(
                [sys.executable, '-S', '-c', _ECHO, str(far.fileno())], pass_fds=[far.fileno()])
        samples = []
        for _ in range(count + 1):  # the first waits for the interpreter
            began_s = time.perf_counter()
            near.send(_MESSAGE)
            near.recv(4096)
            samples.append(time.perf_counter() - began_s)
    process.wait()
    return samples[1:]


if __name__ == '__main__':
    print(f'{1e6 * statistics.median(round_trips(10_000)):.0f} µs')
