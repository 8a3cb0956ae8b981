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


"""Reads a perception server's YAML file, by its path or by the name of one that is installed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from spatialclaw_ros.errors import DependencyError, InvalidRequestError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.served.config import (
    Autoscaling,
    Batching,
    RoleServing,
    ServeConfig,
    Serving,
)
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.sharing.config_files import explained, file_names, find_file

DEFAULT = 'default'
MAX_BYTES = 1 << 20
_PARTS = (ServeConfig, ModelConfig, Serving, RoleServing, Autoscaling, Batching, WireLimits)
_PAGE = 'docs/serving.md'


def read_serve_config(name: str = DEFAULT) -> ServeConfig:
    """Read a configuration.

    Args:
        name: path of a YAML file, or the name of one in `config/perception`, without `.yaml`.

    Raises:
        InvalidRequestError: no such file, or a field of it can't be used; the message names both,
            and the nearest field's name.
        DependencyError: PyYAML is not installed.
    """
    path = find_serve_config(name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidRequestError(f"{path} can't be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise InvalidRequestError(f'{path} has {len(data)} bytes, at most {MAX_BYTES} are read')
    try:
        return msgspec.yaml.decode(data or b'{}', type=ServeConfig)
    except ImportError as error:
        raise DependencyError(
            f'{path} is YAML, and PyYAML is not installed: pip install pyyaml') from error
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f'{path}: {explained(str(error), _PARTS, _PAGE)}') from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f'{path} is not YAML: {_one_line(str(error))}') from error


def find_serve_config(name: str) -> Path:
    """Path of a configuration; see `read_serve_config`.

    Raises:
        InvalidRequestError: no such file.
    """
    return find_file(name, 'perception', 'perception configuration')


def serve_config_names() -> list[str]:
    """Names of the installed configurations."""
    return file_names('perception')


def _one_line(text: str) -> str:
    return ' '.join(text.split())[:300]
