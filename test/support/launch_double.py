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


"""Runs launch files without `launch`, which is on no package index: what they make is written down.

Each class of the API that they import keeps the arguments that it is given.
"""

from __future__ import annotations

import runpy
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Where launch_ros keeps the namespace that an including file pushed.
PUSHED = 'ros_namespace'
# Of launch and launch_ros: what is used, with keywords that Humble's and Kilted's have.
PROCESS = {'name', 'output', 'emulate_tty', 'sigterm_timeout', 'respawn', 'respawn_delay',
           'on_exit'}
API: dict[str, dict[str, set[str]]] = {
    'launch': {'LaunchContext': set(), 'LaunchDescription': set()},
    'launch.action': {'Action': set()},
    'launch.actions': {
        'DeclareLaunchArgument': {'default_value', 'description', 'choices'},
        'ExecuteProcess': {*PROCESS, 'cmd'},
        'GroupAction': set(),
        'IncludeLaunchDescription': {'launch_arguments'},
        'LogInfo': {'msg'},
        'OpaqueFunction': {'function'},
        'SetEnvironmentVariable': set(),
        'Shutdown': {'reason'},
    },
    'launch.launch_description_sources': {'PythonLaunchDescriptionSource': set()},
    'launch.substitutions': {'FindExecutable': {'name'}, 'LaunchConfiguration': set()},
    'launch_ros.actions': {'Node': {
        *PROCESS, 'package', 'executable', 'namespace', 'arguments', 'remappings', 'parameters'}},
}


class Made:
    """Something of the launch API, with what it was made from."""

    def __init__(self, *given: Any, **keywords: Any) -> None:
        self.given = given
        self.keywords = keywords

    @property
    def kind(self) -> str:
        """Name of its class."""
        return type(self).__name__


class LaunchContext:
    """Values of a launch file's arguments."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.launch_configurations = dict(values)


def launch(
    name: str, given: Mapping[str, str], monkeypatch: pytest.MonkeyPatch,
) -> list[Made]:
    """Run a file of launch/ as `ros2 launch` would, and return what it starts, in order.

    Args:
        name: of the file.
        given: its arguments; the others have their defaults.
        monkeypatch: puts the stand-ins in the place of the modules.
    """
    kinds = {kind: type(kind, (Made,), {}) for names in API.values() for kind in names}
    for module in API:
        made = types.ModuleType(module)
        made.__dict__.update(kinds, LaunchContext=LaunchContext)
        monkeypatch.setitem(sys.modules, module, made)
        monkeypatch.setitem(sys.modules, module.split('.')[0], made)
    description = runpy.run_path(str(ROOT / 'launch' / name))['generate_launch_description']()
    values = {one.given[0]: one.keywords['default_value'] for one in description.given[0]
              if one.kind == 'DeclareLaunchArgument'}
    assert set(given) <= {*values, PUSHED}
    context = LaunchContext({**values, **given})
    started: list[Made] = []
    for one in description.given[0]:
        if one.kind == 'OpaqueFunction':
            started += one.keywords['function'](context)
        elif one.kind != 'DeclareLaunchArgument':
            started.append(one)
    return started
