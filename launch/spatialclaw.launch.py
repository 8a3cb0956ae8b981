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

"""Starts the node with a parameter file; `rviz:=true` opens RViz on its outputs beside it.

Images between processes of one machine need more shared memory than Fast DDS takes by default:
unless the environment names a profile already, everything started here uses the package's own.
"""

from __future__ import annotations

import os

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from spatialclaw_ros.ros.compat.dds import OLD_DISTRIBUTIONS, OLD_VARIABLE, VARIABLE

PACKAGE = 'spatialclaw_ros'


def generate_launch_description() -> LaunchDescription:
    """Return the node, and RViz where it is asked for."""
    config = PathJoinSubstitution([FindPackageShare(PACKAGE), 'config'])
    arguments = [
        DeclareLaunchArgument(
            'params_file', default_value=PathJoinSubstitution([config, 'spatialclaw.yaml']),
            description="The robot's topics and frames; copy config/spatialclaw.yaml."),
        DeclareLaunchArgument('namespace', default_value='', description='Namespace of the node.'),
        DeclareLaunchArgument(
            'use_sim_time', default_value='false', description='Follow /clock (simulation, bags).'),
        DeclareLaunchArgument(
            'rviz', default_value='false', description='Open RViz on the outputs.'),
    ]
    profile = []
    if not os.environ.get(VARIABLE) and not os.environ.get(OLD_VARIABLE):
        old = os.environ.get('ROS_DISTRO') in OLD_DISTRIBUTIONS
        profile = [SetEnvironmentVariable(
            OLD_VARIABLE if old else VARIABLE, PathJoinSubstitution([config, 'fastdds.xml']))]
    use_sim_time = {'use_sim_time': LaunchConfiguration('use_sim_time')}
    node = Node(
        package=PACKAGE, executable='node', name='spatialclaw', output='screen',
        namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration('params_file'), use_sim_time])
    rviz = Node(
        package='rviz2', executable='rviz2', name='spatialclaw_rviz',
        arguments=['-d', PathJoinSubstitution([config, 'spatialclaw.rviz'])],
        parameters=[use_sim_time], condition=IfCondition(LaunchConfiguration('rviz')))
    return LaunchDescription([*arguments, *profile, node, rviz])
