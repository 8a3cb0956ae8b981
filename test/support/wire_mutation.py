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



"""Messages with some of their parts replaced: well packed, and wrong in what they say.

Bytes turned over at random hardly ever get past the packing; these do, and try every bound.
"""

from __future__ import annotations

import copy
import datetime
import math
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

Choose = Callable[[int], int]
"""Gives a number in [0, n)."""


def nested(depth: int) -> list[Any]:
    """Lists in lists."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


INTERESTING: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 63, 255, 2**16, 2**31, 2**32, 2**53, 2**62, 2**63 - 1, 2**64 - 1,
    -2**31, -2**63, 0.0, -0.0, 0.5, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf,
    '', ' ', 'a', '\0', 'a\0b', '\x1b[2J\x1b]0;title\7', 'a\r\nb\rc\nd\te', '\x7f\x80\x9b31m',
    '\u202eevil\u202c \u2066x\u2069', '\u2028\u2029\ufeff\ufffe', '\U000e0041\U000e007f',
    '\U0001f600', 'é\u0301\u200d', 'x' * 128, 'x' * 129, '\U0001f600' * 128, 'x' * 256, 'x' * 257,
    'x' * 400, 'x' * 401, 'x' * 512, 'x' * 513, 'x' * 4096, '\0' * 4097, 'x' * 65_536,
    '\n' * 65_537,
    b'', b'\0', bytes(8), bytes(23), bytes(24), bytes(48), bytes(3000), b'\xff' * 24,
    [], [0], [1, 2, 3], [0.0] * 3, [math.nan] * 3, [0] * 65, ['a'] * 300, [[]] * 5000, nested(9),
    nested(11), nested(12), nested(40), {}, {'': 0}, {'a': {}}, {'type': 'ready'},
    {str(i): i for i in range(65)}, {1: 2}, {1.5: 0}, {None: 1}, {True: 1}, {b'a': 1},
    {(1, 2): 3}, {'\0': 1}, {'k' * 129: 1}, [{'a': nested(3)}] * 3,
    msgspec.msgpack.Ext(1, b'x'), msgspec.msgpack.Ext(-1, bytes(12)),
    datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    '|O', 'V4', '>f4', '<f8', '|u1', '<U1', 'f4', '|b1', '<i8', 'cup', 'box', 'text', 'points')


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Ways to every part of a message, the whole among them."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index in range(min(len(value), 8)):
            yield from places(value[index], (*path, index))


def mutate(message: Any, choose: Choose) -> Any:
    """One part of an unpacked message made into something else; the message itself stays.

    Args:
        message: dicts, lists and values, as msgpack unpacks them.
        choose: where chance comes from.
    """
    whole = [copy.deepcopy(message)]
    ways = list(places(whole))[1:]
    path = ways[choose(len(ways))]
    holder: Any = whole
    for step in path[:-1]:
        holder = holder[step]
    last = path[-1]
    _CHANGES[choose(len(_CHANGES))](holder, last, whole, choose)
    return whole[0] if whole else None


def _replace(holder: Any, last: Any, whole: list[Any], choose: Choose) -> None:
    holder[last] = copy.deepcopy(INTERESTING[choose(len(INTERESTING))])


def _remove(holder: Any, last: Any, whole: list[Any], choose: Choose) -> None:
    del holder[last]


def _add(holder: Any, last: Any, whole: list[Any], choose: Choose) -> None:
    target, item = holder[last], INTERESTING[choose(len(INTERESTING))]
    if isinstance(target, list):
        target.insert(choose(len(target) + 1), item)
    elif isinstance(target, dict):
        target[item if isinstance(item, (str, int, bytes)) else 'extra'] = item
    else:
        _replace(holder, last, whole, choose)


def _repeat(holder: Any, last: Any, whole: list[Any], choose: Choose) -> None:
    target, times = holder[last], 2 ** choose(9)
    if isinstance(target, (str, bytes, list)) and len(target) * times <= 500_000:
        holder[last] = target * times
    elif isinstance(target, (int, float)):
        holder[last] = target * 2.0**times if abs(target) < 2**53 else -target
    else:
        holder[last] = [target] * min(times, 256)


def _swap(holder: Any, last: Any, whole: list[Any], choose: Choose) -> None:
    ways = list(places(whole))[1:]
    part: Any = whole
    for step in ways[choose(len(ways))]:
        part = part[step]
    holder[last] = copy.deepcopy(part)


def _wrap(holder: Any, last: Any, whole: list[Any], choose: Choose) -> None:
    holder[last] = [holder[last]] if choose(2) else {'a': holder[last]}


_CHANGES = (_replace, _replace, _replace, _remove, _add, _repeat, _swap, _wrap)
