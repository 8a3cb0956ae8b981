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

"""One parameter of the node: its default, what it may be, what it is for."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

TYPE_NAMES = {str: 'string', float: 'double', int: 'integer', bool: 'bool', tuple: 'string_array'}


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter.

    Args:
        name: as in a parameter file; '{camera}' in it stands for a name from `cameras`.
        default: its type is the parameter's type (a tuple of str is a string array).
        description: one or two sentences, with the unit.
        minimum: smallest number allowed.
        maximum: largest number allowed.
        choices: the only texts allowed; empty for any.
        live: whether it may change while the node runs; it then holds from the next query on.
    """

    name: str
    default: Any
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False

    @property
    def type_name(self) -> str:
        """Type as ROS names it."""
        return TYPE_NAMES[type(self.default)]

    @property
    def allowed(self) -> str:
        """What values may be, for a message and for the page."""
        if self.choices:
            return ', '.join(self.choices)
        if self.minimum is not None:
            return f'{self.minimum:g} to {self.maximum:g}'
        return ''

    def fault(self, value: Any) -> str:
        """What is wrong with a value, '' when nothing is."""
        if self.choices and value not in self.choices:
            close = difflib.get_close_matches(str(value), self.choices, n=1)
            hint = f'; did you mean {close[0]!r}?' if close else ''
            return f'{self.name} is one of {self.allowed}, got {value!r}{hint}'
        if self.minimum is not None and not self.minimum <= value <= (self.maximum or 0):
            return f'{self.name} must be {self.allowed}, got {value}'
        return ''

    def descriptor(self, name: str) -> ParameterDescriptor:
        """Descriptor for `ros2 param describe`."""
        descriptor = ParameterDescriptor(
            name=name, description=self.description, read_only=not self.live)
        if self.choices:
            descriptor.additional_constraints = f'one of: {self.allowed}'
        if self.minimum is not None and isinstance(self.default, float):
            descriptor.floating_point_range = [FloatingPointRange(
                from_value=float(self.minimum), to_value=float(self.maximum or 0))]
        elif self.minimum is not None:
            descriptor.integer_range = [IntegerRange(
                from_value=int(self.minimum), to_value=int(self.maximum or 0), step=1)]
        return descriptor
