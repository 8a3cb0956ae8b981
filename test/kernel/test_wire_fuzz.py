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


"""No bytes of a worker crash or hang the host's decoder: a message comes out, or `WireError`."""

from __future__ import annotations

import math
import tracemalloc

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.kernel import wire
from spatialclaw_ros.kernel.memo import call_of
from spatialclaw_ros.kernel.messages import (
    MAX_IMAGE_PIXELS,
    MAX_STDOUT_CHARS,
    MAX_VARIABLES,
    Answer,
    ArrayData,
    Begun,
    CellDone,
    Fault,
    Ready,
    Shown,
    StartFailed,
    ToolRequest,
    Variable,
)

VALID = (
    Ready(['landlock', 'seccomp']),
    Begun(),
    StartFailed('no memory'),
    ToolRequest('segment', {'mode': 'text', 'prompts': ['cup'], 'n': [1, 2.5, None, True]},
                [ArrayData('image', '|u1', [2, 3, 3], bytes(18)),
                 ArrayData('points', '<f8', [1, 2], bytes(16))]),
    Shown('overlay', 2, 4, bytes(24)),
    CellDone(1, 'text\n', Fault('ValueError', 'bad', 3, 'cell 1, line 3'),
             [Variable('a', 'ndarray', '(3,) float64', 24)],
             Answer([1.0, 2.0, 3.0], 'm', bytes(48), 'base_link', math.nan, '')),
    CellDone(2, '', None, [], Answer(True, None, None, None, 0.5, '')),
)
ENCODED = tuple(wire.encode(message) for message in VALID)


def decode_or_refuse(payload: bytes) -> None:
    """All that the host does with a message before it trusts it."""
    try:
        message = wire.decode_from_worker(payload)
    except WireError:
        return
    if isinstance(message, ToolRequest):
        call = call_of(message)
        assert all(array.nbytes <= len(payload) for array in call.arrays.values())


@pytest.mark.parametrize('payload', ENCODED, ids=lambda p: p[:12].hex())
def test_valid_messages_come_through(payload: bytes) -> None:
    assert wire.encode(wire.decode_from_worker(payload)) == payload


def test_empty_arrays_are_arrays() -> None:
    message = ToolRequest('segment', {}, [ArrayData('points', '<f8', [0, 2], b'')])
    decoded = wire.decode_from_worker(wire.encode(message))
    assert isinstance(decoded, ToolRequest)
    assert call_of(decoded).arrays['points'].shape == (0, 2)


def test_packed_arguments_can_not_blow_up() -> None:
    """32 MB of empty lists would be 2 GB of Python objects."""
    count = 32 * 1024 * 1024
    many = b'\xdd' + count.to_bytes(4, 'big') + b'\x90' * count
    payload = msgspec.msgpack.encode({
        'type': 'tool_request', 'tool': 't', 'arrays': [], 'args': {'a': msgspec.Raw(many)}})
    tracemalloc.start()
    with pytest.raises(WireError, match='more than 1048576 bytes'):
        wire.decode_from_worker(payload)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 2**20


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


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes(payload: bytes) -> None:
    decode_or_refuse(payload)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ENCODED), st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from('xid'), st.integers(0, 255)),
    min_size=1, max_size=8))
def test_mutated_messages(payload: bytes, edits: list[tuple[int, str, int]]) -> None:
    data = bytearray(payload)
    for place, kind, value in edits:
        at = place % (len(data) + 1)
        if kind == 'i':
            data.insert(at, value)
        elif at < len(data):
            if kind == 'x':
                data[at] = value
            else:
                del data[at]
    decode_or_refuse(bytes(data))


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-2**63, 2**64 - 1) | st.floats() | st.text(max_size=20)
    | st.binary(max_size=20) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(
        st.text(max_size=8) | st.integers(0, 9), inner, max_size=5), max_leaves=20)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(
    ['ready', 'start_failed', 'tool_request', 'shown', 'cell_done', 'begin', '']),
       st.dictionaries(st.sampled_from([
           'tool', 'args', 'arrays', 'label', 'height', 'width', 'data', 'stdout', 'error',
           'variables', 'answer', 'message', 'out_of_memory', 'cell']), json_like, max_size=8))
def test_well_packed_nonsense(tag: str, fields: dict[str, object]) -> None:
    decode_or_refuse(msgspec.msgpack.encode({'type': tag, **fields}))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=64), max_size=20))
def test_reader_of_any_stream(chunks: list[bytes]) -> None:
    reader = wire.FrameReader()
    for chunk in chunks:
        data = memoryview(chunk)
        while data:
            space = reader.wanted
            count = min(len(space), len(data))
            assert count > 0
            space[:count] = data[:count]
            data = data[count:]
            space.release()
            try:
                payload = reader.advance(count)
            except WireError:
                return
            if payload is not None:
                decode_or_refuse(bytes(payload))


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
done = {'type': 'cell_done', 'cell': 1, 'stdout': '', 'error': None, 'variables': [],
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
    'argument with a number for a name': request(args={'a': {1: 2}}),
    'many arguments': request(args={'a': [0] * 30_000}),
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
