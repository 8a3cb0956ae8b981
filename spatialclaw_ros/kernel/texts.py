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



"""Texts of a worker as people may read them: in logs, terminals, RViz, ROS strings, prompts.

A cell's texts come from a model that reads what stands in front of a camera, and a hostile worker
writes whatever bytes it likes. A control character is no part of any answer: escape codes rewrite a
terminal, a line feed forges a log entry, NUL ends a C string early, a directional override shows a
text in another order than it has. Each is replaced with one visible character, so that lengths stay
within their bounds and the model still sees that something was there.
"""

from __future__ import annotations

import re
from typing import TypeVar, cast

import msgspec

_REPLACEMENT = '\ufffd'
# C0 without tab and line feed, DEL, C1; separators that only some readers take for line ends;
# directional embeddings, overrides and isolates; annotations; noncharacters; invisible tags
_UNFIT = re.compile(
    '[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ufffe\uffff'
    '\U000e0000-\U000e007f]')
_LINES = frozenset(('stdout', 'message', 'traceback', 'value'))
"""Fields of messages that may have several lines; the others end in a log, a table, a name."""
_NUMBERS = frozenset(('cell', 'clock', 'nbytes', 'out_of_memory'))
"""Fields of messages without a text."""
_SPACES = re.compile('[\t\n\r]+')


_Value = TypeVar('_Value')


def clean(value: _Value, *, lines: bool = False) -> _Value:
    """A message or a part of it with clean texts; the same object when they were.

    Args:
        value: a struct, or lists and dicts as msgspec makes them.
        lines: whether a text in it may have several lines.
    """
    found: object = value
    if isinstance(value, str):
        found = clean_text(value) if lines else clean_line(value)
    elif isinstance(value, msgspec.Struct):
        changed = {}
        for name in value.__struct_fields__:
            if name in _NUMBERS:
                continue
            old = getattr(value, name)
            new = clean(old, lines=name in _LINES)
            if new is not old:
                changed[name] = new
        found = msgspec.structs.replace(value, **changed) if changed else value
    elif isinstance(value, list):
        items = [clean(item, lines=lines) for item in value]
        found = items if any(a is not b for a, b in zip(items, value)) else value
    elif isinstance(value, dict):
        found = {clean_line(key): clean(item, lines=lines) for key, item in value.items()}
    return cast(_Value, found)


def clean_text(text: str) -> str:
    """A text of several lines without control characters, as long as before or shorter."""
    if text.replace('\n', '').replace('\t', '').isprintable():
        return text
    return _UNFIT.sub(_visible, text.replace('\r\n', '\n'))


def clean_line(text: str) -> str:
    """A text of one line without control characters, as long as before or shorter."""
    if text.isprintable():
        return text
    return _UNFIT.sub(_visible, _SPACES.sub(' ', text))


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return '\u2421' if code == 0x7f else _REPLACEMENT
