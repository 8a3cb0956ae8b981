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
from spatialclaw_ros.eval.config import (
    AgentConfig,
    DataConfig,
    EvalConfig,
    Required,
    RunConfig,
    ToleranceConfig,
)
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.sharing.config_files import explained, file_names, find_file, nearest

MAX_BYTES = 1 << 20
EVERY_RUN = '*'
_PARTS = (EvalConfig, DataConfig, RunConfig, AgentConfig, ToleranceConfig, PerceptionConfig,
          ModelConfig, Required)
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
    content = _from_yaml(data, str(path))
    for change in changes:
        _change(content, change)
    try:
        return msgspec.convert(content, EvalConfig)
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
    parts = key.strip().split('.')
    if not equals or not all(parts):
        raise InvalidRequestError(
            f'a change is KEY=VALUE, e.g. data.limit=10 or runs.*.timeout_s=60, got {change!r}')
    _set(content, parts, _from_yaml(text, f'the value of {key}'), key)


def _set(place: Any, parts: Sequence[str], value: Any, key: str) -> None:
    """Set what the parts of a key lead to: fields, and runs by their names."""
    if isinstance(place, list):
        for run, rest in _runs(place, parts, key):
            _set(run, rest, value, key)
    elif not isinstance(place, dict) or not parts:
        raise InvalidRequestError(f'{key} names nothing that can be set')
    elif len(parts) == 1:
        place[parts[0]] = value
    else:
        inner = place.get(parts[0], {})
        if isinstance(inner, dict):
            inner = place[parts[0]] = dict(inner)  # an alias of YAML is the same mapping elsewhere
        _set(inner, parts[1:], value, key)


def _runs(runs: Sequence[Any], parts: Sequence[str], key: str) -> list[tuple[Any, Sequence[str]]]:
    """Runs that a key means, and its parts behind their name, which may have dots itself."""
    named = [run for run in runs if isinstance(run, dict)]
    names = [str(run.get('name')) for run in named]
    found = [(len(words), run) for run, name in zip(named, names)
             for words in (name.split('.'), [EVERY_RUN]) if list(parts[:len(words)]) == words]
    if not found:
        part = parts[0] if parts else ''
        raise InvalidRequestError(
            f'{key}: no run {part!r};{nearest(part, names)} there are {", ".join(names)}, or '
            f'{EVERY_RUN} for all')
    longest = max(length for length, _ in found)  # `a.1` is not a field of `a`
    return [(run, parts[length:]) for length, run in found if length == longest]


def _from_yaml(text: str | bytes, what: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: 2026-02-30
        raise InvalidRequestError(
            f'{what} is not YAML: {" ".join(str(error).split())[:300]}') from error
