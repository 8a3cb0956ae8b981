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



"""What `ros2 launch` and `ros2 run` would find: files, their arguments, programs.

Launch files of this package are read; of other packages those are known that the pages name, with
the arguments that their own sources declare.
"""

from __future__ import annotations

import ast
from pathlib import Path

import yaml
from docs_pages import REPOSITORY
from docs_shell import exists, node

PACKAGE = 'spatialclaw_ros'
# realsense2_camera/launch/rs_launch.py of github.com/realsenseai/realsense-ros, and its includes
FOREIGN_LAUNCHES = {
    ('realsense2_camera', 'rs_launch.py'): {
        'camera_name', 'camera_namespace', 'serial_no', 'enable_sync', 'align_depth.enable',
        'rgb_camera.color_profile', 'depth_module.depth_profile', 'pointcloud.enable'},
}
FOREIGN_PROGRAMS = {
    ('usb_cam', 'usb_cam_node_exe'), ('v4l2_camera', 'v4l2_camera_node'),
    ('camera_calibration', 'cameracalibrator'), ('rqt_image_view', 'rqt_image_view'),
    ('tf2_ros', 'tf2_echo'), ('tf2_ros', 'static_transform_publisher'),
    ('tf2_tools', 'view_frames'), ('rviz2', 'rviz2'), ('rqt_robot_monitor', 'rqt_robot_monitor'),
    ('diagnostic_aggregator', 'aggregator_node'),
}


def declared(path: Path) -> dict[str, tuple[str, ...]]:
    """Arguments of a launch file with their choices, () for any value."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    names = {target.id: node.value for node in tree.body if isinstance(node, ast.Assign)
             for target in node.targets if isinstance(target, ast.Name)}
    found = {}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, 'id', '') == 'DeclareLaunchArgument':
            choices = next((each.value for each in call.keywords if each.arg == 'choices'), None)
            found[ast.literal_eval(call.args[0])] = (
                () if choices is None else literals(choices, names))
    return found


def literals(node: ast.expr, names: dict[str, ast.expr]) -> tuple[str, ...]:
    """Texts of a tuple, what stands in it by the name of another one included."""
    if isinstance(node, ast.Name):
        return literals(names[node.id], names)
    if isinstance(node, ast.Starred):
        return literals(node.value, names)
    if isinstance(node, ast.Tuple):
        return tuple(text for each in node.elts for text in literals(each, names))
    return (ast.literal_eval(node),)


def check_launch(words: list[str]) -> None:
    """The launch file has these arguments, with choices that it allows."""
    package, name, *given = [word for word in words if word not in ('-s', '--show-args')]
    if package == PACKAGE:
        known = declared(REPOSITORY / 'launch' / name)
    else:
        assert (package, name) in FOREIGN_LAUNCHES, f'{package} {name} is not known'
        known = dict.fromkeys(FOREIGN_LAUNCHES[package, name], ())
    for argument in given:
        word, assigned, value = argument.partition(':=')
        assert assigned, f'{argument} is not NAME:=VALUE'
        assert word in known, f'{name} has no argument {word}: {", ".join(known)}'
        assert not known[word] or value in known[word], f'{word} is one of {known[word]}'
        if word == 'params_file':
            exists(value)


def check_run(words: list[str]) -> None:
    """The program is there, and its ROS arguments can be read."""
    package, program, *rest = words
    if package == PACKAGE:
        assert (REPOSITORY / 'scripts' / program).exists(), program
        node([program, *rest])
        return
    assert (package, program) in FOREIGN_PROGRAMS, f'{package} {program} is not known'
    arguments = rest[rest.index('--ros-args') + 1:] if '--ros-args' in rest else []
    for option, value in zip(arguments[::2], arguments[1::2], strict=True):
        assert option in ('-r', '-p', '--params-file'), option
        if option == '--params-file':
            exists(value)
        else:
            assert ':=' in value, value
            yaml.safe_load(value.partition(':=')[2])


def check_security(words: list[str]) -> None:
    """Verbs of sros2 as Humble to Kilted have them, with files that are there."""
    verb, *rest = words
    takes = {'create_keystore': [], 'generate_policy': [], 'generate_artifacts': ['-k', '-p']}
    assert verb in takes, f'no verb {verb}'
    assert [word for word in rest if word.startswith('-')] == takes[verb]
    assert len(rest) == 2 * len(takes[verb]) or (not takes[verb] and len(rest) == 1)
