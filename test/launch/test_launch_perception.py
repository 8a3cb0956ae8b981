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

"""launch_testing: `perception:=true` starts a server of models, which the node then uses."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path
from typing import Any

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import pytest
from lab_models import SUPPORT
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription, SetEnvironmentVariable
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launched import Lookout
from lifecycle_msgs.msg import State
from served_lab import free_port

from spatialclaw_ros.client.watcher import Watcher
from spatialclaw_ros.ros.compat.share import share_path

LAB = "depth: {model: 'lab_models:depth'}\nmasks: {model: 'lab_models:masks'}\n"

# goes when the interpreter ends
FOLDER = tempfile.TemporaryDirectory(prefix='launch_perception_')


@pytest.mark.launch_test
def generate_test_description() -> tuple[LaunchDescription, dict[str, str]]:
    """Return the node and the server, whose models need no torch, and where it listens."""
    # drawn as late as can be: until the server listens, another process may take it
    address = f'127.0.0.1:{free_port()}'
    config = Path(FOLDER.name) / 'lab.yaml'
    config.write_text(LAB, encoding='utf-8')
    path = os.pathsep.join(filter(None, (SUPPORT, os.environ.get('PYTHONPATH', ''))))
    return LaunchDescription([
        SetEnvironmentVariable('PYTHONPATH', path),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(share_path('launch', 'spatialclaw.launch.py'))),
            launch_arguments=[
                ('reconstruct', 'depth_anything'), ('segment', 'sam3'), ('perception', 'true'),
                ('perception_config', str(config)), ('perception_address', address)]),
        launch_testing.actions.ReadyToTest()]), {'address': address}


class TestPerception(unittest.TestCase):
    """While it runs."""

    def test_the_node_perceives_by_the_server(self, address: str) -> None:
        with Lookout() as lookout, Watcher('/spatialclaw') as watcher:
            lookout.wait_for_state('/spatialclaw', State.PRIMARY_STATE_ACTIVE)

            def told(key: str) -> str:
                part = watcher.view().part('perception')
                return part.values.get(key, '') if part is not None and part.level == 'ok' else ''

            lookout.wait(lambda: told('depth: model') == 'lab_models:depth', 'the depth model')
            lookout.wait(lambda: told('masks: model') == 'lab_models:masks', 'the mask model')
            assert address in told('runs in')


@launch_testing.post_shutdown_test()
class TestPerceptionEnded(unittest.TestCase):
    """After it was stopped with SIGINT."""

    def test_both_ended_by_themselves(self, proc_info: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
