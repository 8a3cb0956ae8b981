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


"""Processes that end with who started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

CHILD = """
import sys
from spatialclaw_ros.sharing.parents import die_with
die_with(int(sys.argv[1]), int(sys.argv[2]))
print('there', flush=True)
sys.stdin.read()
"""


def child(parent_pid: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, '-c', CHILD, str(parent_pid), str(int(signal.SIGTERM))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_a_process_whose_parent_is_gone_already_ends_at_once() -> None:
    with child(os.getppid()) as process:
        assert process.communicate(timeout=60.0)[0] == b''
    assert process.returncode == 1


def test_a_process_ends_with_the_thread_that_started_it() -> None:
    started, told = [], []

    def start() -> None:
        started.append(child(os.getpid()))
        told.append(started[0].stdout.readline())

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    with started[0] as process:
        assert process.wait(60.0) == -signal.SIGTERM
    assert told == [b'there\n']
