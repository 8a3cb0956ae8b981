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

"""The parameters of cameras: each name in `cameras` has those of the table, and may be another one
when the node is configured again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.parameter_spec import ParameterSpec
from spatialclaw_ros.ros.parameter_table import CAMERA_FIELDS, CAMERA_PARAMETERS


def cameras_fault(names: Sequence[str]) -> str:
    """Why cameras can't be called so, '' where they can."""
    if names and len(set(names)) == len(names) and all(
            isinstance(name, str) and name.isascii() and name.isidentifier() for name in names):
        return ''
    return (
        'cameras must be one or more different names of the letters a to z, digits and _, got '
        f'{list(names)}')


def of_cameras(names: Iterable[str]) -> dict[str, ParameterSpec]:
    """All parameters of cameras by name."""
    specs = [of_camera(spec, name) for name in names for spec in CAMERA_PARAMETERS]
    return {spec.name: spec for spec in specs}


def of_camera(spec: ParameterSpec, camera: str) -> ParameterSpec:
    """A parameter of each camera as one camera has it."""
    default = spec.default
    if isinstance(default, str):
        default = default.replace('{camera}', camera)
    return replace(spec, name=spec.name.replace('{camera}', camera), default=default)


def cameras_of(values: Mapping[str, Any]) -> tuple[CameraConfig, ...]:
    """Cameras of all parameters' values by name."""
    return tuple(
        CameraConfig(name, **{field: values[f'{name}.{suffix}']
                              for suffix, field in CAMERA_FIELDS.items()})
        for name in values['cameras'])
