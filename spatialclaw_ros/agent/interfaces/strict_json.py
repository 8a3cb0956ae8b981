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



"""JSON of a model: one object, read strictly, and its values as Python literals."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from spatialclaw_ros.agent.reply import ReplyError

MAX_DEPTH = 8
MAX_DIGITS = 300
_KINDS = {
    dict: 'object', list: 'list', str: 'text', bool: 'boolean', int: 'number', float: 'number'}


def read_object(text: str) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        ReplyError: it is not JSON, not one object, names a key twice, or is nested too deeply; the
            message is one line.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_int,
            parse_float=_float)
        depth = _depth(value)
    except json.JSONDecodeError as error:
        raise ReplyError(
            f'your block is not JSON: {error.msg}, line {error.lineno} column {error.colno}; '
            'write one object') from None
    except RecursionError:
        raise ReplyError('your JSON is nested too deeply; write one flat object') from None
    if not isinstance(value, dict):
        raise ReplyError(f'your JSON is a {_kind(value)}, expected one object {{...}}')
    if depth > MAX_DEPTH:
        raise ReplyError(f'your JSON is nested more than {MAX_DEPTH} deep; write a flat object')
    return value


def require_keys(
    given: dict[str, Any], *, needed: Sequence[str], optional: Sequence[str] = (),
) -> None:
    """Make sure that an object has the keys it must have, and no others.

    Raises:
        ReplyError: it lacks one, or has another.
    """
    known = ', '.join(f'"{key}"' for key in (*needed, *optional))
    for key in needed:
        if key not in given:
            raise ReplyError(f'your JSON lacks "{key}"; its keys are {known}')
    for key in given:
        if key not in needed and key not in optional:
            raise ReplyError(f'your JSON has the key {short(key)}; its keys are {known}')


def literal(value: Any) -> str:
    """A Python literal of null, a boolean, a number, a text, or a list of such.

    Raises:
        ReplyError: an object, or a number that is not finite.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return repr(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, list):
        return f'[{", ".join(map(literal, value))}]'
    raise ReplyError(f'a {_kind(value)} can not stand here')


def short(value: object) -> str:
    """What came, quoted and of bounded length, for a message."""
    text = repr(value)
    return text if len(text) <= 80 else f'{text[:77]}...'


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ReplyError(f'your JSON has the key {short(key)} twice')
        made[key] = value
    return made


def _no_constant(name: str) -> float:
    raise ReplyError(f'{name} is no number in JSON; give a finite number or null')


def _int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ReplyError(f'a number has {len(text)} digits, at most {MAX_DIGITS} are read')
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ReplyError(f'the number {short(text)} is too large; give a finite one')
    return value


def _depth(value: Any) -> int:
    """How deep lists and objects are nested; the reader has bounded it already."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return 0
    return 1 + max(map(_depth, value), default=0)


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), 'null')
