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

"""The simulated double and a real node on its cameras."""

from __future__ import annotations

import pytest
from node_process import NodeProcess
from robot_double import PARAMETERS, RobotDouble
from service_client import ServiceClient


@pytest.fixture(scope='module')
def robot():
    double = RobotDouble()
    yield double
    double.close()


@pytest.fixture(scope='module')
def node(robot, tmp_path_factory):
    """A node that has seen its first images."""
    folder = tmp_path_factory.mktemp('examples')
    with NodeProcess(folder, {**PARAMETERS, 'max_frames': 2}) as process:
        with ServiceClient() as client:
            client.ask_seeing('Is there a red ball?', timeout_s=60.0)
        yield process
