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


"""One line for each variable that a cell made or changed, at a bounded cost.

Only exact types that are known to be harmless are looked into; nothing here calls a method that a
cell could have written.
"""

from __future__ import annotations

import math
import re
import types
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from spatialclaw_ros.kernel.messages import (
    MAX_NAME_CHARS,
    MAX_SUMMARY_CHARS,
    MAX_VARIABLES,
    Variable,
)
from spatialclaw_ros.kernel.output import bounded

MAX_RANGE_VALUES = 32_768
_MAX_ITEMS = 8
_MAX_DEPTH = 3
_SHORT_ARRAY = 12
_BRACKETS: dict[Any, tuple[str, str]] = {list: ('[', ']'), tuple: ('(', ')')}
_ROOM = 'spatialclaw_ros.'
# tells nobody anything, and is another one after a replay
_ADDRESS = re.compile(' at 0x[0-9A-Fa-f]+')
_NOTHING = object()
_HIDDEN_TYPES = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)


class VariableWatch:
    """Remembers a namespace's values, to tell what the next cell makes or changes.

    Args:
        namespace: the cells' scope; what it holds now is never reported unless bound anew.

    Attributes:
        deleted: reported variables that were gone at the last look.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._seen: dict[str, Any] = dict(namespace)
        self._texts: dict[str, Variable] = {}
        self.deleted: list[str] = []

    def changes(self, mentioned: Iterable[str]) -> list[Variable]:
        """Variables bound anew, and mentioned ones that now read differently."""
        mentioned = frozenset(mentioned)
        found = []
        current = dict(self._namespace)
        for name, value in current.items():
            if type(name) is not str:
                continue
            fresh = self._seen.get(name, _NOTHING) is not value
            if not fresh and (name not in self._texts or name not in mentioned):
                continue
            if name.startswith('_') or len(name) > MAX_NAME_CHARS:
                continue
            if isinstance(value, _HIDDEN_TYPES):
                continue
            summary = summarize(name, value)
            if fresh or self._texts[name] != summary:
                found.append(summary)
            self._texts[name] = summary
        self._seen = current
        gone = [name for name in self._texts if name not in current]
        self.deleted = [self._texts.pop(name).name for name in gone][:MAX_VARIABLES]
        return found[:MAX_VARIABLES]


def summarize(name: str, value: Any) -> Variable:
    """Describe one variable."""
    return Variable(
        bounded(name, MAX_NAME_CHARS),
        bounded(type.__dict__['__name__'].__get__(type(value)), MAX_NAME_CHARS),
        bounded(' '.join(_text(value, _MAX_DEPTH).split()), MAX_SUMMARY_CHARS), _nbytes(value))


def _text(value: Any, depth: int) -> str:
    kind = type(value)
    if value is None or kind in (bool, float, complex):
        return repr(value)
    if kind is int:
        return repr(value) if value.bit_length() < 256 else f'int of {value.bit_length()} bits'
    if kind in (str, bytes, bytearray):
        return repr(value) if len(value) <= 200 else f'{value[:120]!r}... length {len(value)}'
    if kind is np.ndarray:
        return _array_text(value)
    if isinstance(value, np.generic) and kind.__module__ == 'numpy':
        return f'{value!s} ({value.dtype})'
    if kind in (list, tuple, set, frozenset):
        return _sequence_text(value, depth)
    if kind is dict:
        return _dict_text(value, depth)
    if kind in (range, slice):
        return repr(value)
    if kind.__module__.startswith((_ROOM, 'PIL.')):
        return _own_text(value, kind)
    try:
        length = f', length {len(value)}' if kind.__module__ == 'collections' else ''
    except TypeError:
        length = ''
    return f'<{kind.__name__}>{length}'


def _own_text(value: Any, kind: type) -> str:
    """The package's and PIL's own classes say themselves what they are."""
    try:
        return _ADDRESS.sub('', str.__str__(repr(value))[:4 * MAX_SUMMARY_CHARS])
    except (TypeError, ValueError, AttributeError, LookupError, RuntimeError, ArithmeticError):
        return f'<{kind.__name__}>'


def _sequence_text(value: Any, depth: int) -> str:
    if not value:
        return f'empty {type(value).__name__}'
    opening, closing = _BRACKETS.get(type(value), ('{', '}'))
    if depth == 0:
        return f'{opening}...{closing} length {len(value)}'
    items: list[str] = []
    for item in value:
        if len(items) == _MAX_ITEMS:
            items.append('...')
            break
        items.append(_text(item, depth - 1)[:80])
    return f'{opening}{", ".join(items)}{closing} length {len(value)}'


def _dict_text(value: dict[Any, Any], depth: int) -> str:
    if not value:
        return 'empty dict'
    if depth == 0:
        return f'{{...}} length {len(value)}'
    items: list[str] = []
    for key, item in value.items():
        if len(items) == _MAX_ITEMS:
            items.append('...')
            break
        items.append(f'{_text(key, 0)[:40]}: {_text(item, depth - 1)[:80]}')
    return f'{{{", ".join(items)}}} length {len(value)}'


def _array_text(array: np.ndarray) -> str:
    text = f'{array.shape} {array.dtype}'
    if array.size == 0 or array.dtype.kind not in 'biuf':
        return text
    if array.size <= _SHORT_ARRAY:
        values = np.array2string(
            array, separator=', ', precision=5, suppress_small=True, max_line_width=400)
        return f'{text} {values}'
    sample, scope = array, ''
    if array.size > MAX_RANGE_VALUES:
        sample, scope = _sample(array), ' (sampled)'
    looked_at = sample.size
    if array.dtype.kind == 'b':
        share = float(np.count_nonzero(sample)) / sample.size
        return f'{text}, {share:.1%} True{scope}'
    low, high = sample.min(), sample.max()
    # NaN goes through both, infinities through one of them
    if array.dtype.kind == 'f' and not (math.isfinite(low) and math.isfinite(high)):
        sample = sample[np.isfinite(sample)]
        if sample.size == 0:
            return f'{text}, none finite{scope}'
        scope += f', {1 - sample.size / looked_at:.1%} not finite'
        low, high = sample.min(), sample.max()
    return f'{text}, from {low:.6g} to {high:.6g}{scope}'


def _sample(array: np.ndarray) -> np.ndarray:
    """At most `MAX_RANGE_VALUES` elements on a regular grid of all axes."""
    excess = array.size / MAX_RANGE_VALUES
    index: list[slice] = []
    for length in array.shape:
        step = max(1, min(length, int(np.ceil(excess))))
        index.append(slice(None, None, step))
        excess /= length / -(-length // step)
        if excess <= 1:
            excess = 1.0
    return array[tuple(index)]


def _nbytes(value: Any) -> int:
    kind = type(value)
    if kind is np.ndarray or (isinstance(value, np.generic) and kind.__module__ == 'numpy'):
        return int(value.nbytes)
    if kind in (str, bytes, bytearray):
        return len(value)
    if kind in (list, tuple) and value and all(type(item) is np.ndarray for item in value[:64]):
        return sum(int(item.nbytes) for item in value[:10_000] if type(item) is np.ndarray)
    return 0
