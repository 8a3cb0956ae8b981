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


"""What the benchmark of the node starts ends with it, whatever ends that."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
from lab_models import SUPPORT

BENCH = """
import sys
import time
from pathlib import Path

from node_process import NodeProcess
from ros_robot import Program

node = NodeProcess(Path(sys.argv[1]), {}, program=('-c', 'import time; time.sleep(600)'))
bare = Program(Path('ros_bare.py').absolute())
print(node.popen.pid, bare.popen.pid, flush=True)
time.sleep(600)
"""
WAIT_S = 60.0


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_nothing_outlives_a_benchmark_that_is_killed(repository: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([SUPPORT, os.environ.get('PYTHONPATH', '')])
    with subprocess.Popen(
            [sys.executable, '-c', BENCH, str(tmp_path)], cwd=repository / 'test' / 'bench',
            stdout=subprocess.PIPE, text=True, env={**os.environ, 'PYTHONPATH': path}) as bench:
        assert bench.stdout is not None
        started = [psutil.Process(int(pid)) for pid in bench.stdout.readline().split()]
        assert [runs(each) for each in started] == [True, True]
        bench.kill()
    end_s = time.monotonic() + WAIT_S
    while any(map(runs, started)):
        assert time.monotonic() < end_s, [each.cmdline() for each in started if runs(each)]
        time.sleep(0.01)
