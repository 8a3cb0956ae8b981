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

"""Starts `vllm serve` as a file of config/backbones has it, and says when it is ready.

It listens on this machine alone unless `host` says otherwise; then the file of a key is demanded.
"""

from __future__ import annotations

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess
from launch.substitutions import FindExecutable, LaunchConfiguration

# of the environment; `ros2 launch` itself runs on the system's, which may lack vLLM
PYTHON = FindExecutable(name='python3')
MODULE = 'spatialclaw_ros.backbone.vllm.serve'
# the server lets its helpers end first
STOP_TIMEOUT_S = '45'


def generate_launch_description() -> LaunchDescription:
    """Return the server."""
    arguments = [
        DeclareLaunchArgument(
            'config', default_value='qwen3-vl-4b',
            description='Name of a file in config/backbones without .yaml, or path of one.'),
        DeclareLaunchArgument(
            'host', default_value='127.0.0.1',
            description='Address to listen on; 0.0.0.0 for every network, with api_key_file.'),
        DeclareLaunchArgument(
            'port', default_value='0',
            description="Port to listen on; 0 for the configuration's."),
        DeclareLaunchArgument(
            'api_key_file', default_value='',
            description='File that holds the key which the server asks for, and nothing else.'),
        DeclareLaunchArgument(
            'ready_timeout_s', default_value='1800',
            description='How long loading the model may take, seconds.'),
    ]
    server = ExecuteProcess(
        name='vllm', output='screen', emulate_tty=False, sigterm_timeout=STOP_TIMEOUT_S,
        cmd=[PYTHON, '-m', MODULE, LaunchConfiguration('config'),
             '--host', LaunchConfiguration('host'), '--port', LaunchConfiguration('port'),
             ['--api-key-file=', LaunchConfiguration('api_key_file')],  # empty is no word
             '--ready-timeout-s', LaunchConfiguration('ready_timeout_s')])
    return LaunchDescription([*arguments, server])
