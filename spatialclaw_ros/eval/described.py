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


"""A run's configuration as its folder has it, and in what two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from spatialclaw_ros.eval.config import DataConfig, RunConfig
from spatialclaw_ros.eval.dataset import Sheet

# where models are, and what is kept beside the results, may change while a run goes on
_MAY_CHANGE = ('run.base_url', 'run.traces', 'run.sandbox', 'run.perception.url',
               'run.perception.token_file', 'backbone.endpoints', 'backbone.limits')
_COMPARED = ('run', 'backbone', 'data')


def described(run: RunConfig, data: DataConfig, sheet: Sheet) -> dict[str, Any]:
    """A run's whole configuration, as `config.json` has it; plain values.

    Raises:
        InvalidRequestError: the backbone's own configuration can't be read.
    """
    backbone = None
    if run.backbone == 'vllm' and run.config:
        from spatialclaw_ros.backbone.vllm.config_file import read_config
        backbone = read_config(run.config)
    try:
        package = version('spatialclaw_ros')
    except PackageNotFoundError:
        package = ''
    content = {'version': package, 'run': run, 'backbone': backbone, 'data': data, 'sheet': sheet}
    return plain(content)


def plain(content: Any) -> dict[str, Any]:
    """A configuration's parts as they are read from JSON."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(content))
    return found


def differences(
    before: dict[str, Any], now: dict[str, Any], parts: Sequence[str] = _COMPARED,
) -> list[tuple[str, Any, Any]]:
    """Fields that differ and may not: name with dots, and both values; None where one lacks it."""
    old, new = (dict(_fields({part: each.get(part) for part in parts})) for each in (before, now))
    return [(name, old.get(name), new.get(name))
            for name in sorted(set(old) | set(new)) if old.get(name) != new.get(name)]


def _fields(value: Any, name: str = '') -> Iterator[tuple[str, Any]]:
    """Names with dots and values of all that may not change."""
    if name in _MAY_CHANGE:
        return
    if not isinstance(value, dict):
        yield name, value
        return
    for part, inner in value.items():
        yield from _fields(inner, f'{name}.{part}' if name else part)
