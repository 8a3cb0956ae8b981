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

"""The node's parameters: one table that is declared, checked, and printed as the documentation."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.perception.checks import faults
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.ros.cameras import CameraConfig
from spatialclaw_ros.ros.parameter_spec import ParameterSpec
from spatialclaw_ros.ros.parameter_table import (
    CAMERA_FIELDS,
    CAMERA_PARAMETERS,
    NODE_PARAMETERS,
    Settings,
)
from spatialclaw_ros.ros.perception_parameters import (
    GROUP,
    PERCEPTION_PARAMETERS,
    option_parameters,
    perception_config,
)

CORRECT_IT = 'correct it in the parameter file'
FOREIGN_PREFIXES = ('use_sim_time', 'qos_overrides.', 'start_type_description_service')


class ParameterError(SpatialClawError, ValueError):
    """A parameter's value can't be used; the message names the parameter and what it may be."""


class Parameters:
    """Declares the table on a node, checks what comes, and reads it back typed.

    Args:
        node: node that owns the parameters.
        warn: where a line about an unknown parameter goes.

    Raises:
        ParameterError: a value of the parameter file or command line can't be used.
    """

    def __init__(self, node: Node, warn: Callable[[str], object]) -> None:
        self._node = node
        self._specs: dict[str, ParameterSpec] = {}
        self._overrides: dict[str, Parameter] = dict(getattr(node, '_parameter_overrides', {}))
        self._declare(NODE_PARAMETERS)
        self._perception = (*PERCEPTION_PARAMETERS, *option_parameters(
            {name: parameter.value for name, parameter in self._overrides.items()}))
        self._declare(self._perception)
        perception = self.settings.perception
        require_usable(perception)
        if perception.url and not (perception.needs_depth or perception.needs_masks):
            warn(f'{GROUP}url has no effect: reconstruct {perception.reconstruct} and segment '
                 f'{perception.segment} need no model')
        names = self.settings.cameras
        if not names or len(set(names)) != len(names) or not all(map(_is_camera_name, names)):
            raise ParameterError(
                f'cameras must be one or more different names of letters, digits and _, '
                f'got {list(names)}')
        for name in names:
            self._declare(CAMERA_PARAMETERS, name)
        for line in self._unknown():
            warn(line)
        node.add_on_set_parameters_callback(self._on_set)

    @property
    def settings(self) -> Settings:
        """Values at this moment."""
        return Settings(
            **{spec.name: self._value(spec.name) for spec in NODE_PARAMETERS},
            perception=perception_config({
                spec.name: self._value(spec.name) for spec in self._perception}))

    @property
    def cameras(self) -> tuple[CameraConfig, ...]:
        """The cameras' topics."""
        return tuple(
            CameraConfig(name, **{field: self._value(f'{name}.{suffix}')
                                  for suffix, field in CAMERA_FIELDS.items()})
            for name in self.settings.cameras)

    def _value(self, name: str) -> Any:
        value = self._node.get_parameter(name).value
        return tuple(value) if isinstance(self._specs[name].default, tuple) else value

    def _declare(self, specs: Iterable[ParameterSpec], camera: str = '') -> None:
        for spec in specs:
            name = spec.name.replace('{camera}', camera)
            default = spec.default
            if isinstance(default, str):
                default = default.replace('{camera}', camera)
            elif isinstance(default, tuple):
                default = list(default)
            named = replace(spec, name=name)
            override = self._overrides.get(name)
            value = default if override is None else checked(named, override.value)
            try:
                self._node.declare_parameter(
                    name, value, named.descriptor(name), ignore_override=True)
            except (InvalidParameterTypeException, InvalidParameterValueException) as error:
                raise ParameterError(f'{name}: {error}') from error
            self._specs[name] = named

    def _unknown(self) -> list[str]:
        lines = []
        for name in sorted(set(self._overrides) - set(self._specs)):
            if name.startswith(FOREIGN_PREFIXES):
                continue
            close = difflib.get_close_matches(name, self._specs, n=1)
            hint = f'; did you mean {close[0]}?' if close else ''
            lines.append(f'parameter {name} is not known and has no effect{hint}')
        return lines

    def _on_set(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        faults = []
        for parameter in parameters:
            spec = self._specs.get(parameter.name)
            if spec is None:
                continue
            if type(parameter.value) is not type(spec.default):
                faults.append(
                    f'{spec.name} is of type {spec.type_name}, got {parameter.value!r}')
            elif fault := spec.fault(parameter.value):
                faults.append(fault)
        return SetParametersResult(successful=not faults, reason='; '.join(faults))


def checked(spec: ParameterSpec, value: Any) -> Any:
    """A value that was given for a parameter, of the parameter's type.

    Raises:
        ParameterError: it is of another type, or outside what is allowed.
    """
    default = spec.default
    if isinstance(default, tuple) and isinstance(value, (list, tuple)):
        default, value = list(default), list(value)
    if isinstance(default, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(default):
        raise ParameterError(
            f'{spec.name} is of type {spec.type_name}, got {value!r}; {CORRECT_IT}')
    if fault := spec.fault(value):
        raise ParameterError(f'{fault}; {CORRECT_IT}')
    return value


def require_usable(config: PerceptionConfig) -> None:
    """Check what the single parameters don't tell: files, addresses, names of models.

    Raises:
        ParameterError: the first that can't be used.
    """
    for field, fault in faults(config):
        raise ParameterError(f'{GROUP}{field}: {fault}; {CORRECT_IT}')


def perception_of_file(path: Path) -> PerceptionConfig:
    """What a parameter file makes of perception; other parameters in it are not looked at.

    Raises:
        ParameterError: it can't be read, or a value of perception in it can't be used.
    """
    try:
        given = _values_in(yaml.safe_load(path.read_text(encoding='utf-8')))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParameterError(f'{path} is no parameter file: {error}') from error
    specs = (*PERCEPTION_PARAMETERS, *option_parameters(given))
    config = perception_config({
        spec.name: checked(spec, given.get(spec.name, spec.default)) for spec in specs})
    require_usable(config)
    return config


def _values_in(page: Any, name: str = '', inside: bool = False) -> dict[str, Any]:
    """Values by dotted name of all nodes in a parameter file."""
    if not isinstance(page, dict):
        return {name: page} if inside else {}
    values: dict[str, Any] = {}
    for key, value in page.items():
        if inside:
            values |= _values_in(value, f'{name}.{key}' if name else str(key), True)
        else:
            values |= _values_in(value, '', key == 'ros__parameters')
    return values


def _is_camera_name(name: str) -> bool:
    return name.isidentifier()


def parameters_page() -> str:
    """Markdown of `docs/parameters.md`."""
    rows = ['| parameter | type | default | allowed | changes live | what it does |',
            '|---|---|---|---|---|---|']
    tables = []
    for specs in (NODE_PARAMETERS, PERCEPTION_PARAMETERS, CAMERA_PARAMETERS):
        lines = list(rows)
        for spec in specs:
            default = list(spec.default) if isinstance(spec.default, tuple) else spec.default
            shown = f"`'{default}'`" if isinstance(default, str) else f'`{default}`'
            lines.append(
                f'| `{spec.name}` | {spec.type_name} | {shown} | {spec.allowed} | '
                f'{"yes" if spec.live else "no"} | {spec.description} |')
        tables.append('\n'.join(lines))
    return (
        '# Parameters\n\n'
        'Give them in a parameter file (`ros2 run spatialclaw_ros node --ros-args --params-file '
        'my_robot.yaml`; `config/spatialclaw.yaml` is one to copy), or one by one with `-p '
        'timeout_s:=10.0`. Those that change live hold from the next query on: `ros2 param set '
        '/spatialclaw window_s 5.0`. A value outside the allowed ones stops the node at its start '
        'with a line that names it.\n\n'
        f'## The node\n\n{tables[0]}\n\n'
        '## Perception\n\ndocs/perception.md tells which to choose; `spatialclaw doctor` what is '
        'there for it. What a model has beyond these, docs/perception.md lists: '
        '`perception.depth.options.NAME`, `perception.masks.options.NAME`.\n\n'
        f'{tables[1]}\n\n'
        f'## Each camera\n\n`{{camera}}` is a name from `cameras`.\n\n{tables[2]}\n\n'
        'This page is written by `python scripts/write_parameters_page.py` from the tables in '
        '`spatialclaw_ros/ros/parameter_table.py` and `perception_parameters.py`.\n')
