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



"""The only door through which a worker's bytes come in.

`decode_from_worker` gives a message whose every field is within its bounds and whose texts are
clean, or raises `WireError`, and nothing else. Neither time nor memory that it takes grows faster
than the message: a text is unpacked only when its packed size is fair (one emoji makes a text four
times its size), a list of nothing or a table with crafted keys never becomes objects.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, TypeVar, Union, get_args

import msgspec
import numpy as np
from msgspec import Meta, Raw

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.kernel.call_args import ARGS_TYPE, check_args
from spatialclaw_ros.kernel.messages import (
    MAX_ARGS_BYTES,
    MAX_ARRAY_BYTES,
    MAX_ARRAYS,
    MAX_IMAGE_PIXELS,
    MAX_IMAGE_SIDE,
    MAX_NAME_CHARS,
    Answer,
    ArrayData,
    CellDone,
    FromWorker,
    Shape,
    Shown,
    ToolRequest,
)
from spatialclaw_ros.sharing.stream import MAX_MESSAGE_BYTES
from spatialclaw_ros.sharing.texts import clean, clean_line

MAX_PLAIN_BYTES = 2 * 1024 * 1024
"""Size of a message without pictures and arrays."""
MAX_COMPLAINT_CHARS = 200
DTYPES = frozenset((
    '|b1', '|u1', '|i1', '<u2', '<i2', '<u4', '<i4', '<u8', '<i8', '<f2', '<f4', '<f8'))
_LABEL_CHARS = 512

_Decoded = TypeVar('_Decoded')


class _PackedArray(msgspec.Struct, frozen=True):
    """An `ArrayData` whose texts wait until their size is known to be fair."""

    name: Raw
    dtype: Raw
    shape: Shape
    data: Annotated[bytes, Meta(max_length=MAX_ARRAY_BYTES)]


class _PackedRequest(msgspec.Struct, frozen=True):
    """A `ToolRequest`, likewise."""

    tool: Raw
    args: Raw
    arrays: Annotated[list[_PackedArray], Meta(max_length=MAX_ARRAYS)]


class _PackedShown(msgspec.Struct, frozen=True):
    """A `Shown`, likewise."""

    label: Raw
    height: Annotated[int, Meta(ge=1, le=MAX_IMAGE_SIDE)]
    width: Annotated[int, Meta(ge=1, le=MAX_IMAGE_SIDE)]
    data: Annotated[bytes, Meta(max_length=3 * MAX_IMAGE_PIXELS)]


def _start_of(message: ToolRequest | Shown) -> bytes:
    """The first bytes of every message of that type, as `encode` writes them."""
    packed = msgspec.msgpack.encode(message)
    tag = message.__struct_config__.tag
    assert isinstance(tag, str)
    return packed[:packed.index(tag.encode()) + len(tag)]


_REQUEST_START = _start_of(ToolRequest('', {}, []))
_SHOWN_START = _start_of(Shown('', 1, 1, b''))
# these skip the tag, which the start has already told: a second tag can't be a text of 64 MiB
_request = msgspec.msgpack.Decoder(_PackedRequest)
_shown = msgspec.msgpack.Decoder(_PackedShown)
_plain = msgspec.msgpack.Decoder(Union[  # noqa: UP007
    tuple(kind for kind in get_args(FromWorker) if kind not in (ToolRequest, Shown))])
_args = msgspec.msgpack.Decoder(ARGS_TYPE)
_text = msgspec.msgpack.Decoder(str)


def decode_from_worker(payload: bytes | bytearray | memoryview) -> FromWorker:
    """Unpack and check what a worker sent.

    Raises:
        WireError: malformed or out of bounds.
    """
    if _starts(payload, _REQUEST_START):
        return _request_of(unpack(_request, payload))
    if _starts(payload, _SHOWN_START):
        return _shown_of(unpack(_shown, payload))
    if len(payload) > MAX_PLAIN_BYTES:
        raise WireError(f'a message of {len(payload)} bytes came that is neither a picture nor a '
                        f'tool call, expected at most {MAX_PLAIN_BYTES}')
    message = unpack(_plain, payload)
    if isinstance(message, CellDone) and message.answer is not None:
        _check_answer(message.answer)
    return clean(message)


def unpack(
    decoder: msgspec.msgpack.Decoder[_Decoded], payload: bytes | bytearray | memoryview | Raw,
) -> _Decoded:
    """Decode, with one kind of error for all that can be wrong.

    Raises:
        WireError: what came is not what the decoder expects.
    """
    if len(memoryview(payload)) > MAX_MESSAGE_BYTES:
        raise WireError(f'a message of {len(memoryview(payload))} bytes came, '
                        f'expected at most {MAX_MESSAGE_BYTES}')
    try:
        return decoder.decode(payload)
    # RecursionError: nesting; ValueError: texts that are not UTF-8; Overflow: huge timestamps
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError) as error:
        # the sender's own words may be in it
        complaint = clean_line(str(error)[:MAX_COMPLAINT_CHARS])
        raise WireError(f'a malformed message came: {complaint}') from None


def _starts(payload: bytes | bytearray | memoryview, start: bytes) -> bool:
    return bytes(payload[:len(start)]) == start


def _short_text(packed: Raw, limit: int) -> str:
    """A text of one line that waited in its packed form."""
    if len(memoryview(packed)) > 4 * limit + 8:
        raise WireError(f'a text of more than {limit} characters came')
    text = unpack(_text, packed)
    if len(text) > limit:
        raise WireError(f'a text of {len(text)} characters came, expected at most {limit}')
    return clean_line(text)


# ---- tool calls

def _request_of(packed: _PackedRequest) -> ToolRequest:
    """A request whose arguments and arrays are checked."""
    if len(memoryview(packed.args)) > MAX_ARGS_BYTES:
        raise WireError(f'tool arguments have more than {MAX_ARGS_BYTES} bytes')
    args = unpack(_args, packed.args)
    check_args(args)
    arrays = [
        ArrayData(_short_text(item.name, MAX_NAME_CHARS), _short_text(item.dtype, 8), item.shape,
                  item.data)
        for item in packed.arrays]
    _check_arrays(arrays)
    return ToolRequest(
        _short_text(packed.tool, MAX_NAME_CHARS), clean(args, lines=True), arrays)


def _check_arrays(arrays: Sequence[ArrayData]) -> None:
    total = 0
    names = set()
    for item in arrays:
        total += len(item.data)
        names.add(item.name)
        if item.dtype not in DTYPES:
            raise WireError(f'array {item.name!r} has type {item.dtype!r}, expected a plain one')
        itemsize = np.dtype(item.dtype).itemsize
        # an empty array may still have a shape that NumPy can't index
        extent = math.prod(max(size, 1) for size in item.shape) * itemsize
        if extent > MAX_MESSAGE_BYTES or math.prod(item.shape) * itemsize != len(item.data):
            raise WireError(
                f'array {item.name!r} of shape {item.shape} and type {item.dtype} '
                f'came with {len(item.data)} bytes')
    if total > MAX_ARRAY_BYTES or len(names) != len(arrays):
        raise WireError(f'{len(arrays)} arrays of {total} bytes came, too many or the same')


def array_of(item: ArrayData) -> np.ndarray:
    """View a checked array's bytes, read-only."""
    array = np.ndarray(item.shape, item.dtype, item.data)
    array.flags.writeable = False
    return array


# ---- what a cell put out

def _shown_of(packed: _PackedShown) -> Shown:
    height, width, data = packed.height, packed.width, packed.data
    if height * width > MAX_IMAGE_PIXELS or len(data) != 3 * height * width:
        raise WireError(f'a shown image of {width}x{height} came with {len(data)} bytes')
    return Shown(_short_text(packed.label, _LABEL_CHARS), height, width, data)


def _check_answer(answer: Answer) -> None:
    """What `ReturnAnswer` promises, for a worker may have gone round it."""
    value, points = answer.value, answer.points
    if isinstance(value, (float, list)) and not np.isfinite(value).all():
        raise WireError(f'an answer of {value} came, expected finite numbers')
    if value is None and not answer.reason.strip():
        raise WireError('a refusal came without a reason')
    if answer.sigma < 0 or math.isinf(answer.sigma):
        raise WireError(f'an answer came with sigma {answer.sigma}')
    if points is not None and (len(points) % 24 or not np.isfinite(np.frombuffer(
            points, '<f8')).all()):
        raise WireError(
            f'answer points must be finite (K, 3) float64, got {len(points)} bytes')
