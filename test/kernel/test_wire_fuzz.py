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


"""No bytes of a worker crash or hang the host: a message comes out that it can use, or `WireError`.

The fuzzers in `test/fuzz` look for the same with coverage as their guide.
"""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from host_path import ENCODED, VALID, follow
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_mutation import mutate

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.kernel import wire
from spatialclaw_ros.kernel.messages import FromWorker


@pytest.mark.parametrize('payload', ENCODED, ids=lambda p: p[:12].hex())
def test_valid_messages_come_through(payload: bytes) -> None:
    message = follow(payload)
    assert message is not None
    assert wire.encode(message) == payload


def test_every_message_of_a_worker_is_among_them() -> None:
    assert {type(message) for message in VALID} == set(get_args(FromWorker))


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes(payload: bytes) -> None:
    follow(payload)


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
    follow(bytes(data))



@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(ENCODED), st.data())
def test_messages_with_other_parts(payload: bytes, data: st.DataObject) -> None:
    message = msgspec.msgpack.decode(payload)
    for _ in range(data.draw(st.integers(1, 3))):
        message = mutate(message, lambda count: data.draw(st.integers(0, count - 1)))
    try:
        packed = msgspec.msgpack.encode(message)
    except (ValueError, OverflowError, RecursionError):
        return
    follow(packed)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-2**63, 2**64 - 1) | st.floats() | st.text(max_size=20)
    | st.binary(max_size=20) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(
        st.text(max_size=8) | st.integers(0, 9), inner, max_size=5), max_leaves=20)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(
    ['ready', 'begun', 'start_failed', 'tool_request', 'shown', 'cell_done', 'begin', '']),
       st.dictionaries(st.sampled_from([
           'tool', 'args', 'arrays', 'label', 'height', 'width', 'data', 'stdout', 'error',
           'variables', 'answer', 'message', 'out_of_memory', 'cell', 'parts', 'clock']),
                       json_like, max_size=8))
def test_well_packed_nonsense(tag: str, fields: dict[str, object]) -> None:
    follow(msgspec.msgpack.encode({'type': tag, **fields}))


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
            while payload is not None:
                follow(payload)
                try:
                    payload = reader.take()
                except WireError:
                    return


sizes = st.lists(st.one_of(
    st.integers(1, 40), st.integers(65_520, 65_540), st.integers(1, 140_000)), max_size=5)


@settings(max_examples=60, deadline=None)
@given(sizes, st.lists(st.integers(1, 90_000), min_size=1, max_size=8))
def test_payloads_come_out_as_they_went_in(lengths: list[int], pieces: list[int]) -> None:
    """However the stream is cut: within a length, at the end of a body, several in one piece."""
    payloads = [bytes([number % 251]) * length for number, length in enumerate(lengths, 1)]
    stream = memoryview(b''.join(
        bytes(part) for payload in payloads for part in wire.parts_of(payload)))
    reader, found, turn = wire.FrameReader(), [], 0
    while stream:
        space = reader.wanted
        count = min(len(space), len(stream), pieces[turn % len(pieces)])
        assert count > 0
        space[:count] = stream[:count]
        stream, turn = stream[count:], turn + 1
        payload = reader.advance(count)
        while payload is not None:
            found.append(bytes(payload))
            payload = reader.take()
    assert found == payloads
