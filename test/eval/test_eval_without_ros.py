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

"""A machine without ROS, as those of a cluster may be, evaluates: only bags and topics need it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys

for name in ('rclpy', 'builtin_interfaces', 'geometry_msgs', 'sensor_msgs', 'std_msgs'):
    sys.modules[name] = None  # its import fails from now on
from spatialclaw_ros.cli import eval_report, eval_run
from spatialclaw_ros.eval.catalogue import sheets
print(len(sheets()))
"""


def test_all_data_sets_are_known() -> None:
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, '22\n'), done.stderr
