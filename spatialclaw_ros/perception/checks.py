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


"""What is wrong with a configuration of perception, told before anything heavy is imported."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from spatialclaw_ros.errors import InvalidRequestError, PerceptionError
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.registry import check_options, source
from spatialclaw_ros.perception.served.endpoints import endpoints_of

DEVICE = re.compile(r'auto|cpu|cuda(:[0-9]{1,2})?')
REPOSITORY = re.compile(r'[\w.-]+/[\w.-]+')


def faults(config: PerceptionConfig) -> Iterator[tuple[str, str]]:
    """Fields that can't be used, dotted, each with what it should be and what came.

    Files are looked at only where they are needed: weights, and the interpreter of the process,
    when models run on this machine; a token when they don't.
    """
    models = (('depth', config.depth, config.needs_depth),
              ('masks', config.masks, config.needs_masks))
    for role, model, needed in models:
        try:
            if needed:
                check_options(role, model)
        except PerceptionError as error:
            yield f'{role}.options', str(error)
    if config.url:
        yield from _url_faults(config)
        return
    if config.apart and config.python and shutil.which(_path(config.python)) is None:
        yield 'python', f'must be an interpreter that can be run, got {config.python!r}'
    for role, model, needed in models:
        yield from (
            (f'{role}.{field}', text) for field, text in _model_faults(role, model, needed))


def is_local(weights: str) -> bool:
    """Whether weights are named by a folder, not by a repository of the hub."""
    return bool(weights) and (
        weights.startswith(('/', '.', '~')) or not REPOSITORY.fullmatch(weights)
        or Path(weights).is_dir())


def _url_faults(config: PerceptionConfig) -> Iterator[tuple[str, str]]:
    try:
        endpoints_of(config.url)
    except InvalidRequestError as error:
        yield 'url', str(error)
    if config.token_file:
        path = Path(_path(config.token_file))
        try:
            mode = path.stat().st_mode
            # opened as well: that it is there says nothing about whether it may be read
            with path.open('rb') as file:
                empty = not file.read(1)
        except OSError as error:
            yield 'token_file', f"can't be read: {error}"
            return
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield 'token_file', (
                f'may be read or written by others than its owner (mode {mode & 0o777:o}): '
                f'chmod 600 {path}')
        elif empty:
            yield 'token_file', f'is empty: {path}'


def _model_faults(role: str, model: ModelConfig, needed: bool) -> Iterator[tuple[str, str]]:
    if not DEVICE.fullmatch(model.device):
        yield 'device', f'is auto, cpu, cuda or cuda:N, got {model.device!r}'
    try:
        source(role, model.model)
    except PerceptionError as error:
        yield 'model', str(error)
    if needed and is_local(model.weights) and not Path(_path(model.weights)).exists():
        yield 'weights', (
            f'must be a folder that is there, or a repository of the hub as OWNER/NAME, '
            f'got {model.weights!r}')


def _path(text: str) -> str:
    return os.path.expanduser(text)
