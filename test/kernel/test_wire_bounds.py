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


"""Every field that a worker sends has a bound, and so have the time and memory that it takes."""

from __future__ import annotations

import math
import mmap
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.kernel import wire
from spatialclaw_ros.kernel.memo import call_of
from spatialclaw_ros.kernel.messages import (
    MAX_ARGS,
    MAX_ARGS_BYTES,
    MAX_CLOCK_READINGS,
    MAX_IMAGE_PIXELS,
    MAX_STDOUT_CHARS,
    MAX_VARIABLES,
    Answer,
    ArrayData,
    CellDone,
    ToolRequest,
)

MIB = 2**20


def test_empty_arrays_are_arrays() -> None:
    message = ToolRequest('segment', {}, [ArrayData('points', '<f8', [0, 2], b'')])
    decoded = wire.decode_from_worker(wire.encode(message))
    assert isinstance(decoded, ToolRequest)
    assert call_of(decoded).arrays['points'].shape == (0, 2)


@pytest.mark.parametrize('answer', [
    Answer(math.nan, 'm', None, None, math.nan, ''),
    Answer([1.0, math.inf, 0.0], 'm', None, None, math.nan, ''),
    Answer(None, None, None, None, math.nan, ' '),
    Answer(1.0, 'm', None, None, -1.0, ''),
    Answer(1.0, 'm', bytes(23), None, 0.0, ''),
    Answer(1.0, 'm', np.full(3, np.nan).tobytes(), None, 0.0, ''),
])
def test_an_answer_that_return_answer_would_refuse(answer: Answer) -> None:
    payload = wire.encode(CellDone(1, '', None, [], answer))
    with pytest.raises(WireError):
        wire.decode_from_worker(payload)


def request(**fields: object) -> dict[str, object]:
    base: dict[str, object] = {'type': 'tool_request', 'tool': 'ocr', 'args': {}, 'arrays': []}
    return {**base, **fields}


def one_array(**fields: object) -> dict[str, object]:
    base: dict[str, object] = {'name': 'image', 'dtype': '|u1', 'shape': [2, 2], 'data': bytes(4)}
    return request(arrays=[{**base, **fields}])


nested: list[object] = []
for _ in range(40):
    nested = [nested]
variable = {'name': 'a', 'type': 'int', 'text': '1', 'nbytes': 0}
done: dict[str, Any] = {
    'type': 'cell_done', 'cell': 1, 'stdout': '', 'error': None, 'variables': [],
    'answer': None}
answer = {'value': 1.0, 'unit': None, 'points': None, 'frame': None, 'sigma': 0.0, 'reason': ''}

OUT_OF_BOUNDS = {
    'objects': one_array(dtype='|O'),
    'records': one_array(dtype='V4'),
    'texts': one_array(dtype='<U1'),
    'big endian': one_array(dtype='>f4', shape=[1]),
    'no type': one_array(dtype=''),
    'too few bytes': one_array(shape=[2, 3]),
    'too many bytes': one_array(shape=[1]),
    'negative shape': one_array(shape=[-2, -2]),
    'overflowing shape': one_array(shape=[2**33, 2**33, 0, 2**33]),
    'wrapping shape': one_array(shape=[2**32, 2**32, 4]),
    'empty but endless': one_array(shape=[2**30, 0, 2**30], data=b''),
    'too many axes': one_array(shape=[1] * 40, data=b'1'),
    'long name': one_array(name='n' * 1000),
    'nested arguments': request(args={'a': nested}),
    'binary argument': request(args={'a': b'1'}),
    'timestamp argument': request(args={'a': msgspec.msgpack.Ext(-1, bytes(4))}),
    'extension argument': request(args={'a': msgspec.msgpack.Ext(5, b'1')}),
    'argument with a number for a name': request(args={1: 2}),
    'many arguments': request(args={'a': [0] * 30_000}),
    'many names': request(args={str(i): 0 for i in range(MAX_ARGS + 1)}),
    'many names further down': request(args={'a': {str(i): 0 for i in range(MAX_ARGS + 1)}}),
    'number for a name further down': request(args={'a': {1: 2}}),
    'long name of an argument': request(args={'n' * 200: 1}),
    'long arguments': request(args={'a': 'x' * MAX_ARGS_BYTES}),
    'long type': one_array(dtype='<f8' * 100),
    'an array twice': request(arrays=one_array()['arrays'] * 2),
    'long tool name': request(tool='t' * 1000),
    'many prints': {**done, 'stdout': 'x' * (MAX_STDOUT_CHARS + 1)},
    'many variables': {**done, 'variables': [variable] * (MAX_VARIABLES + 1)},
    'long variable': {**done, 'variables': [{**variable, 'text': 'x' * 10_000}]},
    'negative size': {**done, 'variables': [{**variable, 'nbytes': -1}]},
    'line 0': {**done, 'error': {'kind': 'E', 'message': '', 'line': 0, 'traceback': ''}},
    'odd points': {**done, 'answer': {**answer, 'points': bytes(25)}},
    'many points': {**done, 'answer': {**answer, 'points': bytes(24 * 10_001)}},
    'point of 4': {**done, 'answer': {**answer, 'value': [1.0, 2.0, 3.0, 4.0]}},
    'answer of bytes': {**done, 'answer': {**answer, 'value': b'1'}},
    'empty picture': {'type': 'shown', 'label': '', 'height': 0, 'width': 4, 'data': b''},
    'short picture': {'type': 'shown', 'label': '', 'height': 4, 'width': 4, 'data': bytes(47)},
    'huge picture': {'type': 'shown', 'label': '', 'height': 4001, 'width': 1001,
                     'data': bytes(3 * MAX_IMAGE_PIXELS)},
    'long label': {'type': 'shown', 'label': 'x' * 513, 'height': 1, 'width': 1,
                   'data': bytes(3)},
    'many clock readings': {**done, 'clock': [0] * (MAX_CLOCK_READINGS + 2)},
    'many parts': {'type': 'ready', 'parts': ['a'] * 100},
    'message of the host': {'type': 'execute', 'cell': 1, 'code': ''},
}


@pytest.mark.parametrize('name', OUT_OF_BOUNDS)
def test_out_of_bounds_is_refused(name: str) -> None:
    with pytest.raises(WireError):
        wire.decode_from_worker(msgspec.msgpack.encode(OUT_OF_BOUNDS[name]))


@pytest.mark.parametrize('payload', [
    b'', b'\xc1', b'\x91' * 200_000, b'\xdf\xff\xff\xff\xff', b'\xdd\xff\xff\xff\xff',
    b'\xc6\xff\xff\xff\xff', b'\x81\xa4type\xa5ready' + b'\x00', b'\x81\xa1\xff\x00'],
    ids=['empty', 'reserved', 'deep', 'map', 'list', 'bytes', 'rest', 'not UTF-8'])
def test_crafted_bytes_are_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        wire.decode_from_worker(payload)


@pytest.mark.parametrize('length', [0, wire.MAX_MESSAGE_BYTES + 1, 2**32 - 1])
def test_announced_lengths_are_bounded(length: int) -> None:
    reader = wire.FrameReader()
    reader.wanted[:4] = length.to_bytes(4, 'little')
    with pytest.raises(WireError):
        reader.advance(4)


# ---- what a message may cost

def bulk(count: int) -> bytes:
    """A text of one emoji among letters: as an object it is four times its size."""
    return msgspec.msgpack.encode('x' * count + '\U0001f600')


def fields(tag: str, **packed: bytes) -> bytes:
    """A message put together from packed values."""
    parts = [bytes([0x81 + len(packed)]), msgspec.msgpack.encode('type'),
             msgspec.msgpack.encode(tag)]
    for name, value in packed.items():
        parts += [msgspec.msgpack.encode(name), value]
    return b''.join(parts)


def repeated(item: bytes, count: int) -> bytes:
    return b'\xdd' + count.to_bytes(4, 'big') + item * count


def same_hash(count: int) -> bytes:
    """A table whose keys are pairs of numbers with one hash: filling it takes a square of time."""
    # CPython's hash of a pair, turned round: xxHash with the constants of Objects/tupleobject.c
    one, two, five, size = 11400714785074694791, 14029467366897019727, 2870177450012600261, 2**64

    def turn(value: int, bits: int) -> int:
        return (value << bits | value >> (64 - bits)) % size

    keys, first = [], 0
    back_one, back_two = pow(one, -1, size), pow(two, -1, size)
    while len(keys) < count:
        first += 1
        state = turn((five + first * two) % size, 31) * one % size
        # (state + second * two), turned and multiplied, must be `five`
        second = (turn(five * back_one % size, 33) - state) * back_two % size
        if second < 2**61 - 1:
            keys.append((first, second))
    assert len({hash(key) for key in keys[:9]}) == 1
    packed = b''.join(msgspec.msgpack.encode(key) + b'\xc0' for key in keys)
    return b'\xdf' + count.to_bytes(4, 'big') + packed


def tool_call(**packed: bytes) -> bytes:
    base = {'tool': b'\xa1t', 'args': b'\x80', 'arrays': b'\x90'}
    return fields('tool_request', **{**base, **packed})


EXPENSIVE: dict[str, Callable[[], bytes]] = {
    'a long tag': lambda: fields('x' * 60 * MIB + '\U0001f600'),
    'a second tag': lambda: fields('tool_request', tool=b'\xa1t', args=b'\x80') + b''.join((
        msgspec.msgpack.encode('type'), bulk(60 * MIB))),
    'a long complaint': lambda: fields('start_failed', message=bulk(60 * MIB)),
    'a long name of a tool': lambda: tool_call(tool=bulk(60 * MIB)),
    'a long label': lambda: fields('shown', label=bulk(60 * MIB), height=b'\1', width=b'\1',
                                   data=b'\xc4\3abc'),
    'a long name of an array': lambda: tool_call(arrays=b'\x91\x84' + b''.join((
        msgspec.msgpack.encode('name'), bulk(60 * MIB), msgspec.msgpack.encode('dtype'), b'\xa0',
        msgspec.msgpack.encode('shape'), b'\x90', msgspec.msgpack.encode('data'), b'\xc4\0'))),
    'a long unknown field': lambda: fields('begun', **{'x': bulk(60 * MIB)}),
    'lists of nothing': lambda: tool_call(args=b'\x81\xa1a' + repeated(b'\x90', 32 * MIB)),
    'few lists of nothing': lambda: tool_call(
        args=b'\x81\xa1a' + repeated(b'\x90', MAX_ARGS_BYTES - 99)),
    'lists of lists of nothing': lambda: tool_call(
        args=b'\x81\xa1a' + repeated(repeated(b'\x90', 8000), 30)),
    'tables of nothing': lambda: tool_call(
        args=b'\x81\xa1a' + repeated(repeated(b'\x80', 8000), 30)),
    'arrays of nothing': lambda: tool_call(arrays=repeated(b'\x80', 60 * MIB)),
    'axes': lambda: tool_call(arrays=b'\x91\x81\xa5shape' + repeated(b'\0', 60 * MIB)),
    'variables of nothing': lambda: fields('cell_done', variables=repeated(b'\x80', 60 * MIB)),
    'clock readings': lambda: fields('cell_done', clock=repeated(b'\0', 60 * MIB)),
    'parts of nothing': lambda: fields('ready', parts=repeated(b'\xa0', MIB)),
    'keys of one hash': lambda: tool_call(args=b'\x81\xa1a' + same_hash(15_000)),
    'deep lists': lambda: tool_call(args=b'\x81\xa1a' + b'\x91' * (MAX_ARGS_BYTES - 99) + b'\xc0'),
    'deep unknown lists': lambda: tool_call(x=b'\x91' * (60 * MIB) + b'\xc0'),
}


@pytest.mark.parametrize('name', EXPENSIVE)
def test_a_message_costs_no_more_than_its_size(name: str) -> None:
    payload = EXPENSIVE[name]()
    tracemalloc.start()
    began_s = time.process_time()
    try:
        with pytest.raises(WireError) as raised:
            wire.decode_from_worker(payload)
        spent_s = time.process_time() - began_s
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 80 * MIB
    assert spent_s < 3.0
    assert len(str(raised.value)) < 400


def test_an_announced_message_costs_nothing_before_it_comes() -> None:
    readers = [wire.FrameReader() for _ in range(8)]

    def resident_bytes() -> int:
        return int(Path('/proc/self/statm').read_text().split()[1]) * mmap.PAGESIZE

    before = resident_bytes()
    for reader in readers:
        reader.wanted[:4] = wire.MAX_MESSAGE_BYTES.to_bytes(4, 'little')
        assert reader.advance(4) is None
    assert resident_bytes() - before < 16 * MIB
