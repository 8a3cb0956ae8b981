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



"""`none`: the model alone answers, from the images and the text."""

from __future__ import annotations

import dataclasses
from collections.abc import Set
from typing import Any

from spatialclaw_ros.agent.interfaces.strict_json import literal, read_object, require_keys
from spatialclaw_ros.agent.reply import Reply, ReplyError, parse_reply

_FORMAT = """\
# Reply format
You have no tools: answer from what the images and the text show. Each reply is markdown with two
lines
Purpose: what you conclude, one line
Reasoning: what you see that it rests on
and then exactly one fenced block that starts with ```json, holds one object, and ends with ```.
An answer is {"value": V}, where V is a number, a text, true, false, or a list of three numbers;
beside it may stand "unit" (SI, a text), "frame" (of three numbers, a text) and "sigma" (a standard
deviation in that unit). A refusal is {"refuse": "why"}."""

_OPTIONAL: dict[str, type | tuple[type, ...]] = {'unit': str, 'frame': str, 'sigma': (int, float)}


class NoneInterface:
    """The model alone; see `ActionInterface`."""

    name = 'none'
    language = 'json'
    has_tools = False
    is_python = False
    has_steps = True

    def tools_text(self, capabilities: Set[str]) -> str:
        """Nothing."""
        return ''

    def prompt(self, capabilities: Set[str]) -> str:
        """The format alone."""
        return _FORMAT

    def max_steps(self, limit: int) -> int:
        """All of them: an answer that does not fit comes back."""
        return limit

    def read(self, text: str) -> Reply:
        """The answer or refusal, as a call of `ReturnAnswer`.

        Raises:
            ReplyError: the reply or its JSON is malformed.
        """
        reply = parse_reply(text, (self.language,))
        return dataclasses.replace(reply, code=_cell(read_object(reply.code)))


def _cell(given: dict[str, Any]) -> str:
    if 'refuse' in given:
        require_keys(given, needed=('refuse',))
        why = given['refuse']
        if not isinstance(why, str) or not why.strip():
            raise ReplyError('"refuse" must be a text that says why')
        return f'ReturnAnswer(None, reason={literal(why)})\n'
    require_keys(given, needed=('value',), optional=tuple(_OPTIONAL))
    if not _is_value(given['value']):
        raise ReplyError(
            '"value" must be a number, a text, true, false, or a list of three numbers; to give '
            'none, write {"refuse": "why"}')
    arguments = [literal(given['value'])]
    for name, kind in _OPTIONAL.items():
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ReplyError(f'"{name}" must be a {"text" if kind is str else "number"}')
        arguments.append(f'{name}={literal(value)}')
    return f'ReturnAnswer({", ".join(arguments)})\n'


def _is_value(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) == 3 and all(
            isinstance(each, (int, float)) and not isinstance(each, bool) for each in value)
    return isinstance(value, (bool, int, float, str))
