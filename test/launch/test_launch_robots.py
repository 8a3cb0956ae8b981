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


"""launch_testing: two robots on one machine, one that waits for its lifecycle manager."""

from __future__ import annotations

import unittest
from typing import Any

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import pytest
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launched import Lookout
from lifecycle_msgs.msg import State

from spatialclaw_ros.ros.compat.share import share_path

ROBOTS = {
    '/robot1/spatialclaw': {'namespace': 'robot1', 'tf': 'namespaced', 'camera': 'realsense'},
    '/robot2/eyes': {'namespace': 'robot2', 'name': 'eyes', 'autostart': 'false'},
}


@pytest.mark.launch_test
def generate_test_description() -> LaunchDescription:
    """Return both robots; arguments of one do not reach the other."""
    path = str(share_path('launch', 'spatialclaw.launch.py'))
    return LaunchDescription([
        *(GroupAction([IncludeLaunchDescription(
            PythonLaunchDescriptionSource(path), launch_arguments=list(arguments.items()))])
          for arguments in ROBOTS.values()),
        launch_testing.actions.ReadyToTest()])


class TestRobots(unittest.TestCase):
    """While they run."""

    def test_the_first_is_active_with_its_camera_and_a_tf_of_its_own(self) -> None:
        wanted = {'/robot1/tf', '/robot1/tf_static', '/robot1/camera/camera/color/image_raw'}
        with Lookout() as lookout:
            lookout.wait_for_state('/robot1/spatialclaw', State.PRIMARY_STATE_ACTIVE)
            lookout.wait(
                lambda: wanted <= lookout.subscribed('spatialclaw_inputs', '/robot1'), 'its inputs')
            assert '/tf' not in lookout.subscribed('spatialclaw_inputs', '/robot1')

    def test_the_second_waits_for_its_manager(self) -> None:
        with Lookout() as lookout:
            lookout.wait_for_state('/robot2/eyes', State.PRIMARY_STATE_UNCONFIGURED)
            assert lookout.subscribed('eyes_inputs', '/robot2') == set()


@launch_testing.post_shutdown_test()
class TestRobotsEnded(unittest.TestCase):
    """After they were stopped with SIGINT."""

    def test_both_ended_by_themselves(self, proc_info: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
