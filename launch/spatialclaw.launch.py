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

"""Starts the node; with `rviz`, `perception`, `vllm` set to true what belongs beside it, too.

Parameters come from a `profile` of this machine and from `params_file`, which is laid over it; the
camera's preset is laid over both, and what other arguments say over all. A second robot on one
machine is a second namespace.

The node takes itself through its lifecycle (`autostart`), so it is a plain `Node` here, as those
of Nav2 are: with `autostart:=false` a lifecycle manager or `ros2 lifecycle set` does it. Images
between processes of one machine need more shared memory than Fast DDS takes by default, and Cyclone
DDS larger socket buffers: unless the environment names a profile already, everything started here
uses the package's own.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

from spatialclaw_ros.ros.compat.dds import OLD_DISTRIBUTIONS, OLD_VARIABLE, VARIABLE
from spatialclaw_ros.ros.compat.share import has_package, share_path
from spatialclaw_ros.ros.launch_values import (
    camera_remappings,
    existing_file,
    fixed_frame,
    laid_over,
    launched_parameters,
    lone_camera,
    node_name,
    otherwise,
    parameters_in,
    served_beside,
    served_otherwise,
)

PACKAGE = 'spatialclaw_ros'
CYCLONE_VARIABLE = 'CYCLONEDDS_URI'
SWITCH = ('true', 'false')
SWITCH_OF_FILE = ('', 'true', 'false')
CAMERAS = ('none', 'oak_d', 'orbbec', 'realsense', 'webcam', 'zed')
PROFILES = ('none', 'desktop_12gb', 'desktop_24gb', 'embedded', 'jetson_orin_16gb',
            'jetson_orin_32gb', 'jetson_orin_64gb', 'workstation_80gb')
# where the frames begin that the camera's driver publishes; a webcam's has none
LINKS = {'oak_d': 'oak', 'orbbec': 'camera_link', 'realsense': 'camera_link',
         'zed': 'zed_camera_link'}
NONE = 'none'
VLLM_CONFIG = 'qwen3-vl-4b'
TREES = ('global', 'namespaced')
LOG_LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
RECONSTRUCTORS = ('', 'rgbd', 'fused', 'depth_anything')
SEGMENTERS = ('', 'classical', 'sam3')
# running queries are answered and traces written before the node ends
STOP_TIMEOUT_S = '20'
RESPAWN_DELAY_S = 2.0
NO_RVIZ = 'RViz is not started, for it is not installed: sudo apt install ros-$ROS_DISTRO-rviz2'


def generate_launch_description() -> LaunchDescription:
    """Return the node, and what the arguments put beside it."""
    return LaunchDescription([
        DeclareLaunchArgument(
            'params_file', default_value=str(share_path('config', 'spatialclaw.yaml')),
            description="The robot's topics and frames; copy config/spatialclaw.yaml."),
        DeclareLaunchArgument(
            'profile', default_value='none', choices=PROFILES,
            description='Models and memory for a machine, from config/profiles, laid under '
                        'params_file; `spatialclaw doctor --fit` tells which.'),
        DeclareLaunchArgument(
            'camera', default_value='none', choices=CAMERAS,
            description='Topics of a common camera, from config/cameras, laid over params_file; '
                        'webcam: and the depth model in the place of a sensor.'),
        DeclareLaunchArgument(
            'world_frame', default_value='',
            description='Fixed TF frame, z up, to measure in; none: without TF, from where the '
                        'camera stands; empty: as params_file says.'),
        DeclareLaunchArgument(
            'base_frame', default_value='',
            description="The robot's own TF frame; none: without one; empty: as params_file says."),
        DeclareLaunchArgument('namespace', default_value='', description='Namespace of the node.'),
        DeclareLaunchArgument('name', default_value='spatialclaw', description='Name of the node.'),
        DeclareLaunchArgument(
            'tf', default_value='global', choices=TREES,
            description='Which TF: global is /tf, namespaced is tf below the namespace (Nav2).'),
        DeclareLaunchArgument(
            'use_sim_time', default_value='', choices=SWITCH_OF_FILE,
            description='Follow /clock (simulation, bags); empty: as params_file says.'),
        DeclareLaunchArgument(
            'autostart', default_value='', choices=SWITCH_OF_FILE,
            description='Configure and activate at start; false leaves it to a lifecycle manager; '
                        'empty: as params_file says, else true.'),
        DeclareLaunchArgument(
            'respawn', default_value='false', choices=SWITCH,
            description='Start the node again when it ends by itself, be it for ever: also where '
                        'it says that its parameters are wrong.'),
        DeclareLaunchArgument(
            'enclave', default_value='',
            description='SROS 2: the enclave of the keystore that holds its keys; empty: none.'),
        DeclareLaunchArgument(
            'log_level', default_value='info', choices=LOG_LEVELS,
            description="Least severity that the node's log shows."),
        DeclareLaunchArgument(
            'backbone', default_value='',
            description='Who writes the cells: rules, vllm, or MODULE:FUNCTION; empty: as '
                        'params_file or profile says.'),
        DeclareLaunchArgument(
            'backbone_url', default_value='',
            description="Base URL of a model's API on another machine (vllm); empty: as "
                        'params_file or profile says; not with vllm:=true.'),
        DeclareLaunchArgument(
            'reconstruct', default_value='', choices=RECONSTRUCTORS,
            description='Who reconstructs; empty: as params_file or profile says, else rgbd.'),
        DeclareLaunchArgument(
            'segment', default_value='', choices=SEGMENTERS,
            description='Who segments; empty: as params_file or profile says, else classical.'),
        DeclareLaunchArgument(
            'perception', default_value='false', choices=SWITCH,
            description='Start perception.launch.py beside the node, which then uses it.'),
        DeclareLaunchArgument(
            'perception_config', default_value='default',
            description='With perception: name of a file in config/perception, or path of one.'),
        DeclareLaunchArgument(
            'perception_address', default_value='127.0.0.1:8450',
            description='With perception: HOST:PORT on this machine.'),
        DeclareLaunchArgument(
            'vllm', default_value='false', choices=SWITCH,
            description='Start vllm.launch.py beside the node, which then uses it.'),
        DeclareLaunchArgument(
            'vllm_config', default_value='',
            description='With vllm: name of a file in config/backbones, or path of one; empty: '
                        'backbone_config of profile or params_file, else qwen3-vl-4b.'),
        DeclareLaunchArgument(
            'rviz', default_value='false', choices=SWITCH,
            description='Open RViz on the outputs.'),
        DeclareLaunchArgument(
            'rviz_config', default_value=str(share_path('config', 'spatialclaw.rviz')),
            description='What RViz shows; topics below /spatialclaw follow namespace and name, '
                        "those of its camera the node's first camera."),
        DeclareLaunchArgument(
            'fixed_frame', default_value='',
            description="RViz' fixed frame; empty: base_frame, else world_frame, else the "
                        "camera's own."),
        *_profiles(),
        OpaqueFunction(function=_started),
    ])


def _profiles() -> list[Action]:
    """Name the middlewares' profiles where the environment names none."""
    found: list[Action] = []
    if not os.environ.get(VARIABLE) and not os.environ.get(OLD_VARIABLE):
        old = os.environ.get('ROS_DISTRO') in OLD_DISTRIBUTIONS
        found.append(SetEnvironmentVariable(
            OLD_VARIABLE if old else VARIABLE, str(share_path('config', 'fastdds.xml'))))
    if not os.environ.get(CYCLONE_VARIABLE):
        found.append(SetEnvironmentVariable(
            CYCLONE_VARIABLE, share_path('config', 'cyclonedds.xml').as_uri()))
    return found


def _started(context: LaunchContext) -> list[Action]:
    """Return the processes, now that the arguments' values are known."""
    values = {name: str(value) for name, value in context.launch_configurations.items()}
    if values['vllm'] == 'true':
        served_beside(values['backbone'], values['backbone_url'])
    given = _parameters(values)
    actions: list[Action] = [LogInfo(msg=line) for line in _told(values, given)]
    if values['vllm'] == 'true':
        actions.append(_included('vllm', {'config': _vllm_config(values)}))
    if values['perception'] == 'true':
        actions.append(_included('perception', {
            'config': values['perception_config'], 'address': values['perception_address']}))
    actions.append(_node(values))
    if values['rviz'] == 'true':
        actions.append(
            _rviz(values, given) if has_package('rviz2') else LogInfo(msg=NO_RVIZ))
    return actions


def _included(name: str, arguments: dict[str, str]) -> Action:
    """Return another launch file of ours; arguments of one do not reach the next."""
    path = share_path('launch', f'{name}.launch.py')
    return GroupAction([IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(path)), launch_arguments=list(arguments.items()))])


def _files(values: dict[str, str]) -> list[Path]:
    """Return the parameter files, the last one on top."""
    files = [existing_file('params_file', values['params_file'])]
    if values['profile'] != NONE:
        files.insert(0, _profile(values))
    if values['camera'] != NONE:
        lone_camera(values['camera'], files[-1], _full_name(values))
        files.append(_preset(values))
    return files


def _preset(values: dict[str, str]) -> Path:
    return share_path('config', 'cameras', f'{values["camera"]}.yaml')


def _profile(values: dict[str, str]) -> Path:
    return share_path('config', 'profiles', f'{values["profile"]}.yaml')


def _full_name(values: dict[str, str]) -> str:
    return node_name(values.get('ros_namespace', ''), values['namespace'], values['name'])


def _parameters(values: dict[str, str]) -> dict[str, Any]:
    """Return what the node will have, by dotted name."""
    return launched_parameters(_files(values), _full_name(values), _overrides(values))


def _told(values: dict[str, str], given: dict[str, Any]) -> list[str]:
    """Return what the reader of the log should know of the parameters."""
    told: list[str] = []
    if values['profile'] != NONE:
        lines = otherwise(_profile(values), _full_name(values), given)
        said = f'profile {values["profile"]} is used'
        told.append(f'{said}, but for what is laid over it: {"; ".join(lines)}' if lines else said)
    own = existing_file('params_file', values['params_file'])
    if values['camera'] != NONE:
        lines = laid_over(own, _preset(values), _full_name(values), given)
        if lines:
            told.append(f'camera:={values["camera"]} is laid over {own}: {"; ".join(lines)}')
    if values['perception'] == 'true':
        config = values['perception_config']
        file = Path(config).expanduser()
        told += served_otherwise(
            file if file.is_file() else share_path('config', 'perception', f'{config}.yaml'), given)
    if values['vllm'] == 'true':
        told += [f'{name} is left out: vllm:=true serves the model here' for name in
                 _of_another_server(values)]
    elif values['vllm_config']:
        told.append('vllm_config has no effect without vllm:=true')
    return told


def _of_another_server(values: dict[str, str]) -> list[str]:
    """Return which parameters of the files would send the node elsewhere than to our vLLM."""
    of_files = parameters_in(_files(values), _full_name(values))
    return [name for name in ('backbone_url', 'backbone_model') if of_files.get(name)]


def _vllm_config(values: dict[str, str]) -> str:
    """Return which model is served beside the node: that which the node is to ask."""
    of_files = parameters_in(_files(values), _full_name(values)).get('backbone_config')
    return values['vllm_config'] or str(of_files or VLLM_CONFIG)


def _overrides(values: dict[str, str]) -> dict[str, str | bool]:
    """Return the parameters that arguments name."""
    found: dict[str, str | bool] = {
        name: values[name] for name in ('backbone', 'backbone_url', 'reconstruct', 'segment')
        if values[name]}
    found |= {name: '' if values[name] == NONE else values[name]
              for name in ('world_frame', 'base_frame') if values[name]}
    found |= {name: values[name] == 'true' for name in ('use_sim_time', 'autostart')
              if values[name]}
    if values['perception'] == 'true':
        found['perception.url'] = f'http://{values["perception_address"]}'
    if values['vllm'] == 'true':
        found |= {'backbone': 'vllm', 'backbone_config': _vllm_config(values)}
        found |= dict.fromkeys(_of_another_server(values), '')
    return found


def _node(values: dict[str, str]) -> Action:
    overrides = _overrides(values)
    enclave = ['--enclave', values['enclave']] if values['enclave'] else []
    return Node(
        package=PACKAGE, executable='node', name=values['name'], namespace=values['namespace'],
        output='screen', emulate_tty=True, sigterm_timeout=STOP_TIMEOUT_S,
        respawn=values['respawn'] == 'true', respawn_delay=RESPAWN_DELAY_S,
        arguments=['--ros-args', '--log-level', values['log_level'], *enclave],
        remappings=_tf_remappings(values),
        parameters=[*map(str, _files(values)), *([overrides] if overrides else [])])


def _rviz(values: dict[str, str], given: dict[str, Any]) -> Action:
    """Return RViz; its file names the topics of /spatialclaw, whatever the node is called."""
    config = existing_file('rviz_config', values['rviz_config'])
    topics = sorted(set(re.findall(
        r'(?<=: )/spatialclaw(/[\w/]+)', config.read_text(encoding='utf-8'))))
    frame = values['fixed_frame'] or fixed_frame(given, LINKS.get(values['camera'], ''))
    return Node(
        package='rviz2', executable='rviz2', name=f'{values["name"]}_rviz',
        namespace=values['namespace'], arguments=['-d', str(config), '-f', frame],
        parameters=[{'use_sim_time': given.get('use_sim_time') is True}],
        remappings=[*_tf_remappings(values), *camera_remappings(given), *(
            (f'/spatialclaw{topic}', f'{values["name"]}{topic}') for topic in topics)])


def _tf_remappings(values: dict[str, str]) -> list[tuple[str, str]]:
    return [(f'/{topic}', topic) for topic in ('tf', 'tf_static')
            if values['tf'] == 'namespaced']
