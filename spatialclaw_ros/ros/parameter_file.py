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

"""What a parameter file says, for those who run no node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.ros.parameter_rules import perception_faults
from spatialclaw_ros.ros.parameter_spec import CORRECT_IT, ParameterError
from spatialclaw_ros.ros.parameters import read_parameters
from spatialclaw_ros.ros.perception_parameters import (
    PERCEPTION_PARAMETERS,
    option_parameters,
    perception_config,
)


def check_file(path: Path) -> None:
    """Make sure that a node starts with a parameter file that is for it alone.

    A file with sections for several nodes is left to those.

    Raises:
        ParameterError: it can't be read, or something in it can't be used; the message names all.
    """
    page = _page(path)
    if isinstance(page, dict) and len(page) == 1:
        read_parameters(_values_in(page))


def perception_of_file(path: Path) -> PerceptionConfig:
    """What a parameter file makes of perception; other parameters in it are not looked at.

    Raises:
        ParameterError: it can't be read, or a value of perception in it can't be used.
    """
    given = _values_in(_page(path))
    specs = (*PERCEPTION_PARAMETERS, *option_parameters(given))
    config = perception_config({
        spec.name: spec.taken(given.get(spec.name, spec.default)) for spec in specs})
    for fault in perception_faults(config).values():
        raise ParameterError(f'{fault}; {CORRECT_IT}')
    return config


def _page(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParameterError(f'{path} is no parameter file: {error}') from error


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
