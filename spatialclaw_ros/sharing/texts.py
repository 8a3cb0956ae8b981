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

import functools
import operator
import re
import typing
from typing import Any, TypeVar, cast

import msgspec

_REPLACEMENT = '\ufffd'
# C0 without tab and line feed, DEL, C1; separators that only some readers take for line ends;
# directional embeddings, overrides and isolates; annotations; noncharacters; invisible tags
_UNFIT = re.compile(
    '[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ufffe\uffff'
    '\U000e0000-\U000e007f]')
_LINES = frozenset(('stdout', 'message', 'traceback', 'value'))
"""Fields of messages that may have several lines; the others end in a log, a table, a name."""
_SPACES = re.compile('[\t\n\r]+')
_UNFIT_BYTES = bytes(byte for byte in range(128) if _UNFIT.match(chr(byte)))
_WITHOUT_TEXT = frozenset((type(None), bool, int, float, bytes))

_Value = TypeVar('_Value')


def clean(value: _Value, *, lines: bool = False) -> _Value:
    """A message or a part of it with clean texts; the same object when they were.

    Args:
        value: a struct, or lists, tuples and dicts as msgspec makes them.
        lines: whether a text in it may have several lines.
    """
    return cast(_Value, _clean(value, lines))


def _clean(value: Any, lines: bool) -> Any:
    # a trivial cell waits for this: texts without a fault are told without a call
    kind: Any = type(value)
    if kind is str:
        if value.isprintable():
            return value
        return clean_text(value) if lines else clean_line(value)
    if kind in _WITHOUT_TEXT:
        return value
    if kind is list or kind is tuple:
        items = kind(_clean(item, lines) for item in value)
        return items if any(map(operator.is_not, items, value)) else value
    if kind is dict:
        return {clean_line(key): _clean(item, lines) for key, item in value.items()}
    changed = {}
    for name, has_lines in _fields_with_texts(kind):
        old = getattr(value, name)
        if old is None or (type(old) is str and old.isprintable()):
            continue
        new = _clean(old, has_lines)
        if new is not old:
            changed[name] = new
    return msgspec.structs.replace(value, **changed) if changed else value


@functools.cache
def _fields_with_texts(kind: type[msgspec.Struct]) -> tuple[tuple[str, bool], ...]:
    """Fields that may hold a text somewhere, and whether it may have several lines."""
    hints = typing.get_type_hints(kind)
    return tuple((name, name in _LINES) for name in kind.__struct_fields__
                 if _may_hold_text(hints[name]))


def _may_hold_text(hint: Any) -> bool:
    parts = typing.get_args(hint)
    return any(map(_may_hold_text, parts)) if parts else hint not in _WITHOUT_TEXT


def clean_text(text: str) -> str:
    """A text of several lines without control characters, as long as before or shorter."""
    # the pattern alone would take ten times as long
    if text.isascii():
        if len(text.encode().translate(None, _UNFIT_BYTES)) == len(text):
            return text
    elif text.replace('\n', '').replace('\t', '').isprintable():
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
