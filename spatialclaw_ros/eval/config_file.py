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


"""Reads an evaluation's YAML file, by its path or by the name of one that is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.config import AgentConfig, DataConfig, EvalConfig, RunConfig
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.sharing.config_files import explained, file_names, find_file, nearest

MAX_BYTES = 1 << 20
EVERY_RUN = '*'
_PARTS = (EvalConfig, DataConfig, RunConfig, AgentConfig, PerceptionConfig, ModelConfig)
_PAGE = 'docs/evaluation.md'


def read_eval_config(name: str, changes: Sequence[str] = ()) -> EvalConfig:
    """Read a configuration.

    Args:
        name: path of a YAML file, or the name of one in `config/eval`, without `.yaml`.
        changes: texts `KEY=VALUE`, the value in YAML, the key with dots: `data.limit=10`,
            `runs.rules.timeout_s=60` for a run by its name, `runs.*.timeout_s=60` for all.

    Raises:
        InvalidRequestError: no such file, or a field of it can't be used; the message names both,
            and the nearest field's name.
    """
    path = find_eval_config(name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidRequestError(f"{path} can't be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise InvalidRequestError(f'{path} has {len(data)} bytes, at most {MAX_BYTES} are read')
    try:
        content = yaml.safe_load(data)
        for change in changes:
            _change(content, change)
        return msgspec.convert(content, EvalConfig)
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidRequestError(f'{path} is not YAML: {" ".join(str(error).split())[:300]}'
                                  ) from error
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f'{path}: {explained(str(error), _PARTS, _PAGE)}') from error


def find_eval_config(name: str) -> Path:
    """Path of a configuration; see `read_eval_config`.

    Raises:
        InvalidRequestError: no such file.
    """
    return find_file(name, 'eval', 'evaluation')


def eval_config_names() -> list[str]:
    """Names of the installed configurations."""
    return file_names('eval')


def _change(content: Any, change: str) -> None:
    """Set one value of what a file says, in place."""
    key, equals, text = change.partition('=')
    *parents, last = key.strip().split('.')
    if not equals or not all((*parents, last)):
        raise InvalidRequestError(
            f'a change is KEY=VALUE, e.g. data.limit=10 or runs.*.timeout_s=60, got {change!r}')
    places = [content]
    for part in parents:
        places = [inner for place in places for inner in _inside(place, part, key)]
    for place in places:
        if not isinstance(place, dict):
            raise InvalidRequestError(f'{key} names nothing that can be set')
        place[last] = yaml.safe_load(text)


def _inside(place: Any, part: str, key: str) -> list[Any]:
    """What a part of a key stands for: a field, or a run by its name."""
    if isinstance(place, dict):
        return [place.setdefault(part, {})]
    if isinstance(place, list):
        names = [str(each.get('name')) for each in place if isinstance(each, dict)]
        found = [each for each, name in zip(place, names) if part in (name, EVERY_RUN)]
        if found:
            return found
        raise InvalidRequestError(
            f'{key}: no run {part!r};{nearest(part, names)} there are {", ".join(names)}, or '
            f'{EVERY_RUN} for all')
    raise InvalidRequestError(f'{key} names nothing that can be set')
