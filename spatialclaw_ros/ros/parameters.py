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

"""The node's parameters: declared from the tables, checked one by one and together, read back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.camera_parameters import cameras_fault, cameras_of, of_cameras
from spatialclaw_ros.ros.parameter_rules import contradictions, perception_faults
from spatialclaw_ros.ros.parameter_service import serve_parameters
from spatialclaw_ros.ros.parameter_spec import (
    CORRECT_IT,
    LIVE,
    NEVER,
    ParameterError,
    ParameterSpec,
    did_you_mean,
)
from spatialclaw_ros.ros.parameter_table import (
    CAMERA_FIELDS,
    NODE_PARAMETERS,
    Settings,
)
from spatialclaw_ros.ros.perception_parameters import (
    GROUP,
    OPTION,
    PERCEPTION_PARAMETERS,
    option_parameters,
    perception_config,
)

OF_ROS = frozenset(('use_sim_time', 'start_type_description_service'))
QOS_OF_ROS = 'qos_overrides.'
"""Parameters that ROS itself declares, and what the names of others of them begin with."""


class Parameters:
    """Declares the tables on a node, checks what comes, and reads it back typed.

    `configured` belongs to the node's lifecycle: while it is False, parameters that need a new
    configure may change. Set it before the settings are read for one. The parameters of a camera
    are declared as soon as `cameras` names it, with what the file says of it or their defaults.

    Args:
        node: node that owns the parameters.
        warn: where a line about something without effect goes.

    Raises:
        ParameterError: what the parameter file or command line says can't be used; the message
            names all that is wrong.
    """

    def __init__(self, node: Node, warn: Callable[[str], object]) -> None:
        self._node = node
        self.configured = False
        self._changes = 0
        # whoever reads all values meets none that is taken back meanwhile
        self._lock = threading.Lock()
        self._hears_of_changes = False
        self._known: tuple[int, Settings] | None = None
        given = {name: parameter.value
                 for name, parameter in getattr(node, '_parameter_overrides', {}).items()}
        self._given = given
        self._coming: dict[str, ParameterSpec] = {}
        self._specs, values = read_parameters(given)
        self._fixed = self._specs.keys() - of_cameras(values['cameras']).keys()
        for name, spec in self._specs.items():
            self._declare(spec, values[name])
        settings = self.settings
        perception = settings.perception
        if settings.backbone_url and settings.backbone in ('rules', 'recorded'):
            warn(f'backbone_url has no effect: backbone {settings.backbone} asks no model; '
                 "set backbone to 'vllm'")
        if perception.url and not (perception.needs_depth or perception.needs_masks):
            warn(f'{GROUP}url has no effect: reconstruct {perception.reconstruct} and segment '
                 f'{perception.segment} need no model')
        node.add_on_set_parameters_callback(self._on_set)
        # rclpy has it from Iron on; below, values are read each time, and of cameras that a program
        # in this process takes away the parameters stay
        if hasattr(node, 'add_post_set_parameters_callback'):
            node.add_post_set_parameters_callback(self._on_changed)
            self._hears_of_changes = True
        serve_parameters(node, self)

    @property
    def settings(self) -> Settings:
        """Values at this moment; the same object until one of them changes."""
        changes, known = self._changes, self._known
        if known is not None and known[0] == changes:
            return known[1]
        settings = settings_of(self._values())
        # a change while they were read makes this the settings of before
        if self._hears_of_changes:
            self._known = changes, settings
        return settings

    @property
    def cameras(self) -> tuple[CameraConfig, ...]:
        """The cameras' topics."""
        return cameras_of(self._values())

    def taken(self, parameter: Parameter) -> Parameter:
        """A parameter as it is set: of its own type, where it may stand for that."""
        spec = self._specs.get(parameter.name)
        if spec is not None and isinstance(spec.default, float) and type(parameter.value) is int:
            return Parameter(parameter.name, value=float(parameter.value))
        return parameter

    def unchanged(self, parameter: Parameter) -> bool:
        """Whether it has this value already."""
        if not self._node.has_parameter(parameter.name):
            return False
        now = self._node.get_parameter(parameter.name)
        return now.type_ == parameter.type_ and bool(now.value == parameter.value)

    def refusals(self, parameters: Sequence[Parameter]) -> dict[str, str]:
        """Why a change can't be, by the names that are to blame; {} when all of it can be.

        Args:
            parameters: what is to be set, all at once.
        """
        refused: dict[str, str] = {}
        changed: dict[str, Any] = {}
        added, gone = self._added(parameters), self._gone(parameters)
        specs = {**self._specs, **added}
        for parameter in parameters:
            name = parameter.name
            spec = specs.get(name)
            if name in gone:
                refused[name] = f'{name} is of a camera that cameras does not name any more'
            elif spec is None:
                if not self._node.has_parameter(name):
                    refused[name] = f'{name} is not known{did_you_mean(name, specs)}'
            elif not self.unchanged(parameter):
                try:
                    changed[name] = spec.taken(parameter.value)
                except ParameterError as error:
                    refused[name] = str(error)
                if spec.changes == NEVER or (spec.changes != LIVE and self.configured):
                    refused[name] = self._when(spec)
        if fault := cameras_fault(changed.get('cameras', ('camera',))):
            refused.setdefault('cameras', fault)
        if refused or not changed:
            return refused
        values = {**{name: self._first(spec) for name, spec in added.items()},
                  **self._values(), **changed}
        for names, text in contradictions(values):
            blamed = [name for name in names if name in changed]
            # what nobody set, of a camera that comes with this change
            if not blamed and not added.keys().isdisjoint(names):
                blamed = ['cameras']
            refused.update(dict.fromkeys(blamed, text))
        if not refused and not changed.keys().isdisjoint(_perception(self._specs)):
            refused.update(perception_faults(settings_of(values).perception))
        return refused

    def prepare(self, parameters: Sequence[Parameter]) -> None:
        """Declare what a change that is not refused brings: the parameters of new cameras."""
        self._coming = self._added(parameters)
        try:
            for name, spec in self._coming.items():
                if not self._node.has_parameter(name):
                    self._declare(spec, self._first(spec))
            # whoever reads the settings meanwhile finds each of these declared
            self._specs = {**self._specs, **self._coming}
        finally:
            self._coming = {}

    def tidy(self, coming: Sequence[str] = ()) -> None:
        """Take back the parameters of cameras that are no longer named.

        Args:
            coming: cameras that a change under way names.
        """
        named = (*self._node.get_parameter('cameras').value, *coming)
        kept = self._fixed | of_cameras(named).keys()
        gone = self._specs.keys() - kept
        with self._lock:
            self._specs = {name: spec for name, spec in self._specs.items() if name not in gone}
            for name in gone:
                self._node.undeclare_parameter(name)

    def _added(self, parameters: Sequence[Parameter]) -> dict[str, ParameterSpec]:
        """Parameters of cameras that a change names and that are not known yet."""
        names = _cameras_in(parameters)
        if not names:
            return self._coming
        return {name: spec for name, spec in of_cameras(names).items() if name not in self._specs}

    def _gone(self, parameters: Sequence[Parameter]) -> set[str]:
        """Parameters of cameras that a change does not name any more."""
        names = _cameras_in(parameters)
        return self._specs.keys() - self._fixed - of_cameras(names).keys() if names else set()

    def _first(self, spec: ParameterSpec) -> Any:
        """A parameter's value before anybody sets it."""
        return spec.taken(self._given.get(spec.name, spec.default))

    def _declare(self, spec: ParameterSpec, value: Any) -> None:
        self._node.declare_parameter(
            spec.name, list(value) if isinstance(value, tuple) else value, spec.descriptor(),
            ignore_override=True)

    def _when(self, spec: ParameterSpec) -> str:
        if spec.changes == NEVER:
            return f'{spec.name} holds as long as the process does: {CORRECT_IT} and start it again'
        command = f'`ros2 lifecycle set {self._node.get_fully_qualified_name()}'
        return (
            f'{spec.name} may change only while the node is unconfigured: {command} deactivate`, '
            f'{command} cleanup`, set it, then `configure` and `activate`')

    def _values(self) -> dict[str, Any]:
        with self._lock:
            return {name: _read(self._node.get_parameter(name).value) for name in self._specs}

    def _on_changed(self, parameters: Sequence[Parameter]) -> None:
        self._changes += 1
        # those of a camera that just comes are declared before `cameras` names it
        if any(one.name == 'cameras' for one in parameters):
            self.tidy()

    def _on_set(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        if not self._coming:
            # of a change before this one that another callback refused, after it was prepared here
            self.tidy(_cameras_in(parameters))
        refused = self.refusals(parameters)
        if not refused and not self._coming:
            self.prepare(parameters)
        return SetParametersResult(
            successful=not refused, reason='; '.join(dict.fromkeys(refused.values())))


def read_parameters(
    given: Mapping[str, Any],
) -> tuple[dict[str, ParameterSpec], dict[str, Any]]:
    """All parameters that a node with these values has, and the value of each.

    Args:
        given: of the parameter file and command line, by name.

    Raises:
        ParameterError: something can't be used; the message names all of it.
    """
    faults: list[str] = []
    specs: dict[str, ParameterSpec] = {}
    values: dict[str, Any] = {}

    def take(spec: ParameterSpec) -> None:
        specs[spec.name] = spec
        values[spec.name] = spec.default
        try:
            if spec.name in given:
                values[spec.name] = spec.taken(given[spec.name])
        except ParameterError as error:
            faults.append(str(error))

    for spec in (*NODE_PARAMETERS, *PERCEPTION_PARAMETERS, *option_parameters(given)):
        take(spec)
    names = values['cameras']
    if fault := cameras_fault(names):
        faults.append(fault)
    for spec in of_cameras(names).values():
        take(spec)
    faults += unknown(given, specs, names)
    if not faults:
        faults = [text for _, text in contradictions(values)]
        faults += perception_faults(settings_of(values).perception).values()
    if faults:
        raise ParameterError(f'{"; ".join(faults)}; {CORRECT_IT}')
    return specs, values


def unknown(
    given: Mapping[str, Any], specs: Mapping[str, ParameterSpec], cameras: Sequence[str],
) -> list[str]:
    """A line about all names that no parameter has, each with the nearest; [] for none."""
    lines = []
    for name in sorted(set(given) - set(specs)):
        if name in OF_ROS or name.startswith(QOS_OF_ROS):
            continue
        camera, dot, field = name.rpartition('.')
        if dot and field in CAMERA_FIELDS and camera not in cameras:
            lines.append(f'{name} (cameras names {", ".join(cameras)}, not {camera})')
        else:
            nearest = did_you_mean(name, (*specs, *OF_ROS))
            lines.append(name + nearest.replace('; ', ' (').replace('?', '?)'))
    if not lines:
        return []
    return [
        f'no such parameter: {", ".join(lines)}; what belongs to another node stands below that '
        "node's name, not below /**"]


def settings_of(values: Mapping[str, Any]) -> Settings:
    """Settings of all parameters' values by name."""
    return Settings(
        **{spec.name: values[spec.name] for spec in NODE_PARAMETERS},
        perception=perception_config({name: values[name] for name in _perception(values)}))


def _cameras_in(parameters: Sequence[Parameter]) -> tuple[str, ...]:
    """The cameras that a change names; () where it names none, or some that can't be."""
    names = next((one.value for one in parameters if one.name == 'cameras'), None)
    if not isinstance(names, (list, tuple)) or cameras_fault(names):
        return ()
    return tuple(names)


def _perception(names: Mapping[str, Any]) -> list[str]:
    known = {spec.name for spec in PERCEPTION_PARAMETERS}
    return [name for name in names if name in known or OPTION.fullmatch(name)]


def _read(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
