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

"""One parameter of the node: its default, what it may be, when it may change, what it is for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.named import FORM, is_named

TYPE_NAMES = {str: 'string', float: 'double', int: 'integer', bool: 'bool', tuple: 'string_array'}

LIVE = 'live'
"""May change at any time, and holds from the next query on."""
UNCONFIGURED = 'unconfigured'
"""May change while the node is unconfigured, and holds from the next configure on."""
NEVER = 'never'
"""Holds as long as the process does."""
CHANGES = {LIVE: 'at any time', UNCONFIGURED: 'while the node is unconfigured', NEVER: 'never'}
CORRECT_IT = 'correct it in the parameter file'


class ParameterError(SpatialClawError, ValueError):
    """A parameter's value can't be used; the message names the parameter and what it may be."""


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
        or_own: whether `MODULE:FUNCTION` of one's own is allowed beside the choices.
        changes: when it may: `LIVE`, `UNCONFIGURED` or `NEVER`.
    """

    name: str
    default: Any
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    or_own: bool = False
    changes: str = UNCONFIGURED

    @property
    def type_name(self) -> str:
        """Type as ROS names it."""
        return TYPE_NAMES[type(self.default)]

    @property
    def allowed(self) -> str:
        """What values may be, for a message and for the page."""
        if self.choices:
            return ', '.join((*self.choices, *([FORM] if self.or_own else ())))
        if self.minimum is not None:
            return f'{self.minimum:g} to {self.maximum:g}'
        return ''

    def taken(self, value: Any) -> Any:
        """A value that came, of the parameter's type: an integer may stand for a double.

        Raises:
            ParameterError: it is of another type, or outside what is allowed.
        """
        if isinstance(self.default, tuple) and isinstance(value, (list, tuple)) and all(
                isinstance(each, str) for each in value):
            value = tuple(value)
        if isinstance(self.default, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(self.default):
            # rcl makes nothing of a list without entries
            came = 'no value, or an empty list' if value is None else repr(value)
            raise ParameterError(f'{self.name} is of type {self.type_name}, got {came}')
        own = self.or_own and is_named(value)
        if self.choices and value not in self.choices and not own:
            raise ParameterError(
                f'{self.name} is one of {self.allowed}, got {value!r}'
                f'{did_you_mean(value, self.choices, quoted=True)}')
        if self.minimum is not None and not self.minimum <= value <= (self.maximum or 0):
            raise ParameterError(f'{self.name} must be {self.allowed}, got {value}')
        return value

    def descriptor(self) -> ParameterDescriptor:
        """Descriptor for `ros2 param describe`."""
        notes = [f'one of: {self.allowed}'] if self.choices else []
        notes.append(f'changes {CHANGES[self.changes]}')
        descriptor = ParameterDescriptor(
            name=self.name, description=self.description, read_only=self.changes == NEVER,
            additional_constraints='; '.join(notes))
        if self.minimum is not None and isinstance(self.default, float):
            descriptor.floating_point_range = [FloatingPointRange(
                from_value=float(self.minimum), to_value=float(self.maximum or 0))]
        elif self.minimum is not None:
            descriptor.integer_range = [IntegerRange(
                from_value=int(self.minimum), to_value=int(self.maximum or 0), step=1)]
        return descriptor


def did_you_mean(name: str, known: Iterable[str], *, quoted: bool = False) -> str:
    """The end of a line about a name that is not known: the nearest that is, '' for none."""
    close = difflib.get_close_matches(name, list(known), n=1)
    if not close:
        return ''
    return f'; did you mean {close[0]!r}?' if quoted else f'; did you mean {close[0]}?'
