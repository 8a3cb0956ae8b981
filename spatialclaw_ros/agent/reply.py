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



"""A backbone's reply: markdown with three lines and one fenced block, parsed strictly."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from spatialclaw_ros.errors import BackboneError

MAX_REPLY_CHARS = 60_000
MAX_STAND_IN_CHARS = 300
_FENCE_LINE = re.compile(r'\n(```[^\n]*)')
_OPENING = re.compile(r'```([^`]*)')
_CLOSING = re.compile(r'```[ \t]*')
_ANY_FENCE = re.compile(r'^[ \t]*(```|~~~)', re.MULTILINE)
_FIELD = re.compile(
    r'^[ \t#*]*(Purpose|Reasoning|Next goal)[ \t*]*:[ \t*]*(.*?)'
    r'(?=^[ \t#*]*(?:Purpose|Reasoning|Next goal)[ \t*]*:|\Z)',
    re.DOTALL | re.MULTILINE)
_PYTHON = ('python', 'py')
_NAMES = {'python': 'Python', 'json': 'JSON'}


class ReplyError(BackboneError):
    """A reply can't be read; the message is the line that goes back to the model."""


@dataclass(frozen=True)
class Reply:
    """A reply that could be read.

    Args:
        purpose: what the cell is for.
        reasoning: why, from what came back so far.
        next_goal: what comes after it.
        code: the cell; before an interface translates it, the text of the one block.
    """

    purpose: str
    reasoning: str
    next_goal: str
    code: str


def parse_reply(text: str, languages: Sequence[str] = _PYTHON) -> Reply:
    """Read a reply; nothing is repaired.

    Args:
        text: markdown as it came.
        languages: what the block may be marked as; the first is the one to be named.

    Raises:
        ReplyError: too long, no block of that language, more than one, or an empty one; the
            message is one line.
    """
    if len(text) > MAX_REPLY_CHARS:
        raise ReplyError(
            f'your reply had {len(text)} characters, at most {MAX_REPLY_CHARS} are read; '
            'write a shorter one')
    text = text.replace('\r\n', '\n')
    if not text.strip():
        raise ReplyError(f'your reply was empty; write it with one ```{languages[0]} block')
    blocks, prose = _taken_apart(text)
    fitting = [block for language, block in blocks if language in languages]
    if len(blocks) != 1 or len(fitting) != 1 or _ANY_FENCE.search(prose):
        raise ReplyError(_fault(blocks, fitting, prose, languages))
    if not fitting[0].strip():
        raise ReplyError(f'your {_named(languages)} block was empty; write the reply in it')
    fields = {name: value.strip() for name, value in _FIELD.findall(prose)}
    return Reply(
        fields.get('Purpose', ''), fields.get('Reasoning', ''), fields.get('Next goal', ''),
        fitting[0].rstrip() + '\n')


def stand_in(fault: str) -> str:
    """What stands in the history for a reply that could not be read: one line, the fault in it."""
    fault = ' '.join(fault.split())
    if len(fault) > MAX_STAND_IN_CHARS:
        fault = fault[:MAX_STAND_IN_CHARS - 3] + '...'
    return f'(a reply that could not be read: {fault})'


def _taken_apart(text: str) -> tuple[list[tuple[str, str]], str]:
    """Mark and text of each fenced block, and what stands outside of them."""
    text = f'\n{text}'
    # each one is looked at a fixed number of times: what a model writes must not cost seconds
    fences = [(*found.span(1), found[1]) for found in _FENCE_LINE.finditer(text)]
    closings = deque((start, end) for start, end, line in fences if _CLOSING.fullmatch(line))
    blocks: list[tuple[str, str]] = []
    prose: list[str] = []
    read = 1
    for start, end, line in fences:
        while closings and closings[0][0] <= start:
            closings.popleft()
        opening = _OPENING.fullmatch(line)
        if start < read or opening is None or not closings:
            continue
        block_end, next_start = closings[0]
        blocks.append((opening[1].strip().lower(), text[end + 1:block_end]))
        prose.append(text[read:start])
        read = next_start
    return blocks, ''.join([*prose, text[read:]])


def _fault(
    blocks: Sequence[tuple[str, str]], fitting: Sequence[str], prose: str,
    languages: Sequence[str],
) -> str:
    """What is wrong with a reply's fences."""
    name, mark = _named(languages), languages[0]
    ask = f'write exactly one block that starts with ```{mark} and ends with ``` on its own line'
    left = _ANY_FENCE.findall(prose)
    if not blocks and '```' in left:
        return f'your {name} block has no closing ``` (was the reply cut off?); write a shorter one'
    if not blocks and left:
        return f'your reply was fenced with ~~~; {ask}'
    if not blocks:
        return f'your reply had 0 fenced blocks; {ask}'
    if len(blocks) == 1 and not left:
        marked = f'marked {blocks[0][0][:40]!r}' if blocks[0][0] else 'not marked at all'
        return f'your one block was {marked}, expected {mark!r}; {ask}'
    count = len(blocks) + (len(left) > 0)
    return f'your reply had {count} fenced blocks, {len(fitting)} of them {name}; {ask}'


def _named(languages: Sequence[str]) -> str:
    return _NAMES.get(languages[0], languages[0])
