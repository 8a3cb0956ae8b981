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

"""A backbone's reply: markdown with three lines and one fenced Python block, parsed strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass

from spatialclaw_ros.errors import BackboneError

MAX_REPLY_CHARS = 60_000
_FENCE = re.compile(r'^```([^\n`]*)\n(.*?)^```[ \t]*$', re.DOTALL | re.MULTILINE)
_OPEN_FENCE = re.compile(r'^```(?:python|py)[ \t]*$', re.MULTILINE)
_FIELD = re.compile(
    r'^[ \t#*]*(Purpose|Reasoning|Next goal)[ \t*]*:[ \t*]*(.*?)'
    r'(?=^[ \t#*]*(?:Purpose|Reasoning|Next goal)[ \t*]*:|\Z)',
    re.DOTALL | re.MULTILINE)


class ReplyError(BackboneError):
    """A reply can't be read; the message is the line that goes back to the model."""


@dataclass(frozen=True)
class Reply:
    """A reply that could be read.

    Args:
        purpose: what the cell is for.
        reasoning: why, from what came back so far.
        next_goal: what comes after it.
        code: the one Python block.
    """

    purpose: str
    reasoning: str
    next_goal: str
    code: str


def parse_reply(text: str) -> Reply:
    """Read a reply; nothing is repaired.

    Raises:
        ReplyError: too long, no Python block, more than one, or an empty one.
    """
    if len(text) > MAX_REPLY_CHARS:
        raise ReplyError(
            f'your reply had {len(text)} characters, at most {MAX_REPLY_CHARS} are read; '
            'write a shorter cell')
    text = text.replace('\r\n', '\n')
    blocks = [
        (match.group(1).strip().lower(), match.group(2)) for match in _FENCE.finditer(text)]
    python = [code for language, code in blocks if language in ('python', 'py')]
    if not text.strip():
        raise ReplyError('your reply was empty; write the next cell')
    if not blocks and _OPEN_FENCE.search(text):
        raise ReplyError(
            'your Python block has no closing ``` (was the reply cut off?); write a shorter reply')
    if len(blocks) != 1 or len(python) != 1:
        raise ReplyError(
            f'your reply had {len(blocks)} fenced blocks, {len(python)} of them Python; '
            'write exactly one block that starts with ```python and ends with ```')
    if not python[0].strip():
        raise ReplyError('your Python block was empty; write the next cell in it')
    prose = _FENCE.sub('', text)
    fields = {name: value.strip() for name, value in _FIELD.findall(prose)}
    return Reply(
        fields.get('Purpose', ''), fields.get('Reasoning', ''), fields.get('Next goal', ''),
        python[0].rstrip() + '\n')
