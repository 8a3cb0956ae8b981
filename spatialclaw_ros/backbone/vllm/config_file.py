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

"""Reads a backbone's YAML file, by its path or by the name of one that is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from spatialclaw_ros.backbone.vllm.config import VllmConfig
from spatialclaw_ros.errors import InvalidRequestError

SUFFIX = '.yaml'
MAX_BYTES = 1 << 20
_KEY_FIELDS = frozenset({'api_key', 'apikey', 'authorization', 'password', 'bearer'})


def read_config(name: str) -> VllmConfig:
    """Read a configuration.

    Args:
        name: path of a YAML file, or the name of one in `config/backbones`, without `.yaml`.

    Raises:
        InvalidRequestError: no such file, or a field of it can't be used; the message names both.
    """
    path = find_config(name)
    try:
        return _read(path)
    except RecursionError:
        raise InvalidRequestError(f'{path} is nested too deeply, or holds itself') from None


def _read(path: Path) -> VllmConfig:
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise InvalidRequestError(f'{path} has {len(data)} bytes, at most {MAX_BYTES} are read')
        content = yaml.safe_load(data)
    except OSError as error:
        raise InvalidRequestError(f"{path} can't be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        # the error's own text repeats the line, which might hold a key
        mark = getattr(error, 'problem_mark', None)
        where = f' (line {mark.line + 1})' if mark else ''
        raise InvalidRequestError(
            f'{path} is not YAML{where}: {getattr(error, "problem", None) or "unreadable"}'
        ) from None
    if field := _key_field(content):
        raise InvalidRequestError(
            f'{path}: {field} would put a secret into a file that is copied about; name an '
            'environment variable with api_key_env, or a file that holds nothing else with '
            'api_key_file')
    try:
        config = msgspec.convert(content, VllmConfig)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f'{path}: {str(error).replace("$.", "")}') from error
    if config.api_key_file:
        key_file = path.parent / os.path.expanduser(config.api_key_file)
        config = config.replaced({'api_key_file': str(key_file)})
    return config


def find_config(name: str) -> Path:
    """Path of a configuration; see `read_config`.

    Raises:
        InvalidRequestError: no such file.
    """
    if os.sep in name or name.endswith(SUFFIX):
        path = Path(os.path.expanduser(name))
        if not path.is_file():
            raise InvalidRequestError(f'no file {path}; backbone_config names one that is there')
        return path
    for folder in _folders():
        if (path := folder / f'{name}{SUFFIX}').is_file():
            return path
    raise InvalidRequestError(
        f'no backbone configuration {name!r}; there are {", ".join(config_names()) or "none"}, or '
        'give the path of a YAML file')


def config_names() -> list[str]:
    """Names of the installed configurations."""
    return sorted({path.stem for folder in _folders() for path in folder.glob(f'*{SUFFIX}')})


def _folders() -> Iterator[Path]:
    """Folders of configurations: of the installation, or of the sources."""
    for parent in Path(__file__).absolute().parents:
        for folder in (
                parent / 'share' / 'spatialclaw_ros' / 'config' / 'backbones',
                parent / 'config' / 'backbones'):
            if folder.is_dir():
                yield folder


def _key_field(content: Any) -> str:
    """Name of a field, at any depth, that looks like one for a secret; '' without one."""
    if isinstance(content, dict):
        for name, value in content.items():
            if str(name).lower().replace('-', '_').lstrip('_') in _KEY_FIELDS:
                return str(name)
            if found := _key_field(value):
                return found
    if isinstance(content, list):
        return next(filter(None, map(_key_field, content)), '')
    return ''
