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

"""Starts a simulated robot, the node that looks through its camera, and RViz.

Ask it: `spatialclaw ask "How far is the red mug from the blue box?"`. Without a renderer the robot
plays its recording.
"""

from __future__ import annotations

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import FindExecutable, LaunchConfiguration

from spatialclaw_ros.ros.compat.share import share_path

# of the environment; `ros2 launch` itself runs on the system's, which may lack MuJoCo
PYTHON = FindExecutable(name='python3')
ROBOT = 'spatialclaw_ros.sim'
STOP_TIMEOUT_S = '10'


def generate_launch_description() -> LaunchDescription:
    """Return the robot and the node; the one does not outlive the other."""
    robot = ExecuteProcess(
        name='sim_robot', output='screen', sigterm_timeout=STOP_TIMEOUT_S,
        cmd=[PYTHON, '-m', ROBOT, '--depth-noise', LaunchConfiguration('depth_noise')],
        on_exit=Shutdown(reason='the simulated robot ended'))
    node = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(share_path('launch', 'spatialclaw.launch.py'))),
        launch_arguments=[
            ('params_file', str(share_path('config', 'demo.yaml'))),
            ('rviz', LaunchConfiguration('rviz'))])
    return LaunchDescription([
        DeclareLaunchArgument(
            'rviz', default_value='true', choices=('true', 'false'),
            description='Open RViz on the outputs.'),
        DeclareLaunchArgument(
            'depth_noise', default_value='1.0',
            description='Factor on the depth noise of a consumer camera; 0.0 is exact depth.'),
        node, robot])
