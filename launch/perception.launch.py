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


"""Starts `spatialclaw serve`: the models of perception, for the robots that point to it.

It listens on this machine alone unless `address` says otherwise; then the file of a token is
demanded. A server that ends by a fault of its own is started again.
"""

from __future__ import annotations

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess
from launch.substitutions import FindExecutable, LaunchConfiguration

# of the environment; `ros2 launch` itself runs on the system's, which may lack torch
PYTHON = FindExecutable(name='python3')
MODULE = 'spatialclaw_ros.cli.main'
# the server lets calls end, and Ray its processes
STOP_TIMEOUT_S = '45'
# time to read why, and for a GPU to give its memory back
RESTART_DELAY_S = 10.0


def generate_launch_description() -> LaunchDescription:
    """Return the server."""
    arguments = [
        DeclareLaunchArgument(
            'config', default_value='default',
            description='Name of a file in config/perception without .yaml, or path of one.'),
        DeclareLaunchArgument(
            'address', default_value='127.0.0.1:8450',
            description='HOST:PORT to listen at; 0.0.0.0:8450 for every network, with token_file.'),
        DeclareLaunchArgument(
            'token_file', default_value='',
            description='File that holds the token which robots must have, and nothing else.'),
        DeclareLaunchArgument(
            'engine', default_value='auto', choices=('auto', 'plain', 'ray'),
            description='plain: one process; ray: replicas under Ray Serve; auto: as needed.'),
        DeclareLaunchArgument(
            'ready_timeout_s', default_value='3600',
            description='How long loading the models may take, downloads included, seconds.'),
        DeclareLaunchArgument(
            'restart', default_value='true', choices=('true', 'false'),
            description='Whether a server that ended by itself is started again.'),
    ]
    server = ExecuteProcess(
        name='perception_server', output='screen', emulate_tty=False,
        sigterm_timeout=STOP_TIMEOUT_S, respawn=LaunchConfiguration('restart'),
        respawn_delay=RESTART_DELAY_S,
        cmd=[PYTHON, '-m', MODULE, 'serve', LaunchConfiguration('config'),
             '--address', LaunchConfiguration('address'),
             '--engine', LaunchConfiguration('engine'),
             ['--token-file=', LaunchConfiguration('token_file')],  # empty is no word
             '--ready-timeout-s', LaunchConfiguration('ready_timeout_s')])
    return LaunchDescription([*arguments, server])
