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


"""What a tool call's arguments may hold: JSON's own types, few and shallow, with texts for keys."""

from __future__ import annotations

from typing import Any

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.kernel.messages import (
    MAX_ARGS,
    MAX_ARGS_DEPTH,
    MAX_ARGS_NODES,
    MAX_NAME_CHARS,
)
from spatialclaw_ros.sharing.json_values import json_object

ARGS_TYPE: Any = json_object(MAX_ARGS_DEPTH, MAX_ARGS_NODES, MAX_ARGS, MAX_NAME_CHARS)
"""For msgspec: refuses in the decoder what would cost memory or time as objects."""


def check_args(args: dict[str, Any]) -> None:
    """Only JSON's own types, not too deep and not too many.

    Raises:
        WireError: something else, or more of it.
    """
    nodes = 0
    level: list[Any] = [args]
    for _ in range(MAX_ARGS_DEPTH):
        following: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                _check_keys(value)
                following.extend(value.values())
            elif isinstance(value, list):
                following.extend(value)
            elif value is not None and not isinstance(value, (bool, int, float, str)):
                raise WireError(f'tool arguments hold a {type(value).__name__}')
        nodes += len(following)
        if nodes > MAX_ARGS_NODES:
            raise WireError(f'tool arguments hold more than {MAX_ARGS_NODES} values')
        if not following:
            return
        level = following
    raise WireError(f'tool arguments are nested deeper than {MAX_ARGS_DEPTH}')


def _check_keys(table: dict[Any, Any]) -> None:
    if len(table) > MAX_ARGS:
        raise WireError(f'tool arguments hold a dict of {len(table)} keys, '
                        f'expected at most {MAX_ARGS}')
    for key in table:
        if not isinstance(key, str):
            raise WireError('tool arguments have a key that is not a text')
        if len(key) > MAX_NAME_CHARS:
            raise WireError(f'tool arguments have a key of {len(key)} characters, '
                            f'expected at most {MAX_NAME_CHARS}')
