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

import difflib
import os
import re
from collections.abc import Iterator
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

SUFFIX = '.yaml'
DEFAULT = 'default'
MAX_BYTES = 1 << 20
_PARTS = (ServeConfig, ModelConfig, Serving, RoleServing, Autoscaling, Batching, WireLimits)
_UNKNOWN = re.compile(r'unknown field `([^`]*)`')


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
        raise InvalidRequestError(f'{path}: {_explained(str(error))}') from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f'{path} is not YAML: {_one_line(str(error))}') from error


def find_serve_config(name: str) -> Path:
    """Path of a configuration; see `read_serve_config`.

    Raises:
        InvalidRequestError: no such file.
    """
    if os.sep in name or name.endswith(SUFFIX):
        path = Path(os.path.expanduser(name))
        if not path.is_file():
            raise InvalidRequestError(f'no file {path}; give one that is there')
        return path
    for folder in _folders():
        if (path := folder / f'{name}{SUFFIX}').is_file():
            return path
    known = serve_config_names()
    raise InvalidRequestError(
        f'no perception configuration {name!r};{_nearest(name, known)} there are '
        f'{", ".join(known) or "none"}, or give the path of a YAML file')


def serve_config_names() -> list[str]:
    """Names of the installed configurations."""
    return sorted({path.stem for folder in _folders() for path in folder.glob(f'*{SUFFIX}')})


def _folders() -> Iterator[Path]:
    """Folders of configurations: of the installation, or of the sources."""
    for parent in Path(__file__).absolute().parents:
        for folder in (
                parent / 'share' / 'spatialclaw_ros' / 'config' / 'perception',
                parent / 'config' / 'perception'):
            if folder.is_dir():
                yield folder


def _explained(text: str) -> str:
    """An error of msgspec for people: the field's path, and the nearest name of an unknown one."""
    text = text.replace('`$.', '`').replace(' - at `$`', '').replace('Object contains', 'there is')
    found = _UNKNOWN.search(text)
    if found is None:
        return text
    names = {field for part in _PARTS for field in part.__struct_fields__}
    return f'{text};{_nearest(found[1], sorted(names)) or " docs/serving.md has all fields"}'


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f' did you mean {near[0]!r}?' if near else ''


def _one_line(text: str) -> str:
    return ' '.join(text.split())[:300]
