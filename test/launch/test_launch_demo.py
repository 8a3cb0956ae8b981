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


"""launch_testing: `demo.launch.py` starts a robot and a node that answers, and ends both."""

from __future__ import annotations

import unittest
from typing import Any

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import pytest
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launched import Lookout
from lifecycle_msgs.msg import State

from spatialclaw_ros.client import SpatialClient
from spatialclaw_ros.ros.compat.share import share_path

TIMEOUT_S = 90.0


@pytest.mark.launch_test
def generate_test_description() -> LaunchDescription:
    """Return the demo, without a screen."""
    return LaunchDescription([
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(share_path('launch', 'demo.launch.py'))),
            launch_arguments=[('rviz', 'false'), ('depth_noise', '0.0')]),
        launch_testing.actions.ReadyToTest()])


class TestDemo(unittest.TestCase):
    """While it runs."""

    def test_the_node_answers(self) -> None:
        with Lookout() as lookout:
            lookout.wait_for_state('/spatialclaw', State.PRIMARY_STATE_ACTIVE)
        with SpatialClient('/spatialclaw') as client:
            client.wait(TIMEOUT_S)
            answer = client.ask('How far is the red mug from the blue box?', timeout_s=TIMEOUT_S)
        assert answer.unit == 'm'
        assert isinstance(answer.value, float)
        assert 0.0 < answer.value < 1.0


@launch_testing.post_shutdown_test()
class TestDemoEnded(unittest.TestCase):
    """After it was stopped with SIGINT."""

    def test_both_ended_by_themselves(self, proc_info: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
