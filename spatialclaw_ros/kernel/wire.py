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


"""Frames on a socket: four bytes of length, then one msgpack message.

`decode_from_worker` is the only door through which a worker's bytes come in. It raises `WireError`
for everything that is not a well-formed message within its bounds, and nothing else.
"""

from __future__ import annotations

import array
import math
import os
import socket
import struct
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import numpy as np

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.kernel import messages
from spatialclaw_ros.kernel.messages import (
    MAX_ARGS,
    MAX_ARGS_BYTES,
    MAX_ARGS_DEPTH,
    MAX_ARGS_NODES,
    MAX_IMAGE_PIXELS,
    Answer,
    ArrayData,
    CellDone,
    FromWorker,
    FromZygote,
    PackedFromWorker,
    PackedToolRequest,
    Shown,
    ToolRequest,
    ToWorker,
    ToZygote,
)

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
DTYPES = frozenset((
    '|b1', '|u1', '|i1', '<u2', '<i2', '<u4', '<i4', '<u8', '<i8', '<f2', '<f4', '<f8'))
_LENGTH = struct.Struct('<I')
_MAX_FDS = 4

_encoder = msgspec.msgpack.Encoder()
_from_worker = msgspec.msgpack.Decoder(PackedFromWorker)
_args = msgspec.msgpack.Decoder(
    Annotated[dict[str, Any], msgspec.Meta(max_length=MAX_ARGS)])
_to_worker = msgspec.msgpack.Decoder(ToWorker)
_from_zygote = msgspec.msgpack.Decoder(FromZygote)
_to_zygote = msgspec.msgpack.Decoder(ToZygote)


def encode(message: msgspec.Struct) -> bytes:
    """Pack a message, without its length.

    Raises:
        WireError: it is larger than `MAX_MESSAGE_BYTES`.
    """
    payload = _encoder.encode(message)
    if len(payload) > MAX_MESSAGE_BYTES:
        raise WireError(
            f'a message of {len(payload)} bytes is too large for the wire, '
            f'at most {MAX_MESSAGE_BYTES} go through')
    return payload


def decode_from_worker(payload: bytes | bytearray | memoryview) -> FromWorker:
    """Unpack and check what a worker sent.

    Raises:
        WireError: malformed or out of bounds.
    """
    message = _decode(_from_worker, payload)
    if isinstance(message, PackedToolRequest):
        return _unpacked(message)
    if isinstance(message, Shown):
        if message.height * message.width > MAX_IMAGE_PIXELS or (
                len(message.data) != 3 * message.height * message.width):
            raise WireError(
                f'a shown image of {message.width}x{message.height} came '
                f'with {len(message.data)} bytes')
    elif isinstance(message, CellDone) and message.answer is not None:
        _check_answer(message.answer)
    return message


def decode_to_worker(payload: bytes | bytearray | memoryview) -> ToWorker:
    """Unpack what the host sent to its worker."""
    return _decode(_to_worker, payload)


def decode_from_zygote(payload: bytes | bytearray | memoryview) -> FromZygote:
    """Unpack what the zygote sent."""
    return _decode(_from_zygote, payload)


def decode_to_zygote(payload: bytes | bytearray | memoryview) -> ToZygote:
    """Unpack what the host sent to the zygote."""
    return _decode(_to_zygote, payload)


def _decode(decoder: msgspec.msgpack.Decoder, payload: bytes | bytearray | memoryview) -> Any:
    if len(payload) > MAX_MESSAGE_BYTES:
        raise WireError(f'a message of {len(payload)} bytes came, expected {MAX_MESSAGE_BYTES}')
    try:
        return decoder.decode(payload)
    # RecursionError: nesting; ValueError: texts that are not UTF-8; Overflow: huge timestamps
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError) as error:
        raise WireError(f'a malformed message came: {error}') from error


def _unpacked(request: PackedToolRequest) -> ToolRequest:
    """A request whose arguments and arrays are checked."""
    if len(memoryview(request.args)) > MAX_ARGS_BYTES:
        raise WireError(f'tool arguments have more than {MAX_ARGS_BYTES} bytes')
    args = _decode(_args, request.args)
    check_args(args)
    _check_arrays(request.arrays)
    return ToolRequest(request.tool, args, request.arrays)


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
    if total > messages.MAX_ARRAY_BYTES or len(names) != len(arrays):
        raise WireError(f'{len(arrays)} arrays of {total} bytes came, too many or the same')


def check_args(args: dict[str, Any]) -> None:
    """Only JSON's own types, not too deep and not too many.

    Raises:
        WireError: something else, or more of it.
    """
    nodes = 0
    level: list[Any] = [args]
    for _ in range(MAX_ARGS_DEPTH):
        following: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                if not all(isinstance(key, str) for key in value):
                    raise WireError('tool arguments have a key that is not a text')
                following.extend(value.values())
            elif isinstance(value, list):
                following.extend(value)
            elif value is not None and not isinstance(value, (bool, int, float, str)):
                raise WireError(f'tool arguments hold a {type(value).__name__}')
        nodes += len(following)
        if nodes > MAX_ARGS_NODES:
            raise WireError(f'tool arguments hold more than {MAX_ARGS_NODES} values')
        if not following:
            return
        level = following
    raise WireError(f'tool arguments are nested deeper than {MAX_ARGS_DEPTH}')


def array_of(item: ArrayData) -> np.ndarray:
    """View a checked array's bytes, read-only."""
    array = np.ndarray(item.shape, item.dtype, item.data)
    array.flags.writeable = False
    return array


class FrameReader:
    """Puts a stream of bytes together to payloads.

    Receive into `wanted`, then tell `advance` how many bytes came.
    """

    def __init__(self) -> None:
        self._header = bytearray(_LENGTH.size)
        self._body: bytearray | None = None
        self._filled = 0

    @property
    def wanted(self) -> memoryview:
        """Space for the bytes that come next, never empty."""
        target = self._header if self._body is None else self._body
        return memoryview(target)[self._filled:]

    def advance(self, count: int) -> bytearray | None:
        """Take note of `count` received bytes; the payload once it is whole.

        Raises:
            WireError: the announced length is 0 or too large.
        """
        self._filled += count
        if self._body is None:
            if self._filled < len(self._header):
                return None
            (length,) = _LENGTH.unpack(self._header)
            if not 0 < length <= MAX_MESSAGE_BYTES:
                raise WireError(f'a message of {length} bytes was announced, '
                                f'expected 1 to {MAX_MESSAGE_BYTES}')
            self._body, self._filled = bytearray(length), 0
            return None
        if self._filled < len(self._body):
            return None
        payload, self._body, self._filled = self._body, None, 0
        return payload


def header_of(payload: bytes) -> bytes:
    """Length prefix of a payload."""
    return _LENGTH.pack(len(payload))


class BlockingWire:
    """The child's end of a wire: sends and receives whole messages, waits as long as it takes."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def send(self, payload: bytes, fds: Sequence[int] = ()) -> None:
        """Send one payload, descriptors with its first byte."""
        header = header_of(payload)
        if fds:
            socket.send_fds(self._socket, [header], list(fds))
        else:
            self._socket.sendall(header)
        self._socket.sendall(payload)

    def receive(self) -> tuple[bytearray, list[int]]:
        """Receive one payload and the descriptors that came with it.

        Raises:
            EOFError: the other end is closed.
            WireError: the announced length is out of bounds.
        """
        fds: list[int] = []
        reader = FrameReader()
        payload = None
        space = socket.CMSG_SPACE(_MAX_FDS * array.array('i').itemsize)
        while payload is None:
            count, ancillary, _, _ = self._socket.recvmsg_into(
                [reader.wanted], 0 if fds else space, socket.MSG_CMSG_CLOEXEC)
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    received = array.array('i')
                    received.frombytes(data[:len(data) - len(data) % received.itemsize])
                    fds.extend(received)
            if count == 0:
                for fd in fds:
                    os.close(fd)
                raise EOFError('the other end of the wire is closed')
            payload = reader.advance(count)
        return payload, fds
