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


"""One message: 16 bytes of prefix, a header in msgpack, then blobs, each on a multiple of 64.

| bytes | what |
|---|---|
| 0-3 | `SCPW` |
| 4-5 | version of the format, little-endian |
| 6-7 | 0 |
| 8-11 | length of the header |
| 12-15 | 0 |

Blobs follow each other in the order in which the header names them, with less than 64 zeros in
between, to the end of the message: none overlaps, and nothing is hidden between them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from spatialclaw_ros.errors import PerceptionMessageError
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import FORMAT, VERSION

_MAGIC = b'SCPW'
_PREFIX = struct.Struct('<4sHHII')
_ALIGNMENT = 64
_encoder = msgspec.msgpack.Encoder()


@dataclass(frozen=True, eq=False)
class Message:
    """A message to be sent, in parts that need not be put together.

    Args:
        parts: bytes, one after the other.
    """

    parts: tuple[memoryview, ...]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(part.nbytes for part in self.parts)

    def chunks(self, size: int) -> Iterator[memoryview]:
        """The parts, none larger than `size`; small ones are put together."""
        kept = bytearray()
        for part in self.parts:
            if len(kept) + part.nbytes <= _PREFIX.size * _ALIGNMENT:
                kept += part
                continue
            if kept:
                yield memoryview(kept)
                kept = bytearray()
            for start in range(0, part.nbytes, size):
                yield part[start:start + size]
        if kept:
            yield memoryview(kept)

    def join(self) -> bytes:
        """All of it."""
        return b''.join(self.parts)


class Packer:
    """Collects blobs, then makes the message."""

    def __init__(self) -> None:
        self._parts: list[memoryview] = []
        self._size = 0

    def add(self, data: memoryview) -> int:
        """Append a blob of bytes; its offset."""
        gap = -self._size % _ALIGNMENT
        if gap:
            self._parts.append(memoryview(bytes(gap)))
        offset = self._size + gap
        self._parts.append(data)
        self._size = offset + data.nbytes
        return offset

    def finish(self, header: msgspec.Struct) -> Message:
        """The message with this header."""
        text = _encoder.encode(header)
        start = _PREFIX.pack(_MAGIC, FORMAT, 0, len(text), 0) + text
        start += bytes(-len(start) % _ALIGNMENT)
        return Message((memoryview(start), *self._parts))


class Blobs:
    """The blobs of a message that came.

    Args:
        data: (size,) uint8.
    """

    def __init__(self, data: np.ndarray) -> None:
        self._data = data
        self._end = 0

    def take(self, offset: int, size: int) -> np.ndarray:
        """The next blob, (size,) uint8, not copied.

        Raises:
            PerceptionMessageError: it is not where the next one must be, or reaches too far.
        """
        wanted = self._end + -self._end % _ALIGNMENT
        if offset != wanted or offset + size > len(self._data):
            raise PerceptionMessageError(
                f'a blob of {size} bytes at {offset} is not where it must be, at {wanted} of '
                f'{len(self._data)} bytes')
        self._end = offset + size
        return self._data[offset:self._end]

    def finish(self) -> None:
        """Check that all of the message was read.

        Raises:
            PerceptionMessageError: something is left.
        """
        if self._end != len(self._data):
            raise PerceptionMessageError(
                f'{len(self._data) - self._end} bytes follow after the last blob of a message')


def unpack(
    body: np.ndarray, decoder: msgspec.msgpack.Decoder[Any], limits: WireLimits,
) -> tuple[Any, Blobs]:
    """Header and blobs of a message.

    Args:
        body: (size,) uint8, all of it.
        decoder: of the headers that may come.
        limits: of the message.

    Raises:
        PerceptionMessageError: it is malformed, too large, or of another version.
    """
    if len(body) > limits.body_bytes:
        raise PerceptionMessageError(
            f'a message may have {limits.body_bytes} bytes, {len(body)} came')
    if len(body) < _PREFIX.size:
        raise PerceptionMessageError(
            f'a message has {_PREFIX.size} bytes or more, {len(body)} came')
    magic, version, zero, length, other = _PREFIX.unpack_from(body.data)
    if magic != _MAGIC or zero or other:
        raise PerceptionMessageError(
            f'a message begins with {_MAGIC!r}, {bytes(body[:_PREFIX.size])!r} came; is this a '
            'perception server of spatialclaw_ros?')
    if version != FORMAT:
        raise PerceptionMessageError(other_format(version))
    end = _PREFIX.size + length
    start = end + -end % _ALIGNMENT
    if length > limits.header_bytes or start > len(body):
        raise PerceptionMessageError(
            f'a header of {length} bytes was announced in a message of {len(body)}; it may have '
            f'{limits.header_bytes}')
    try:
        header = decoder.decode(body.data[_PREFIX.size:end])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise PerceptionMessageError(f'a message has an unusable header: {error}') from error
    return header, Blobs(body[start:])


def other_format(version: int, theirs: str = '') -> str:
    """What to tell who speaks another version of the format."""
    older = 'this side' if version > FORMAT else 'the other side'
    return (f'robot and perception server speak different versions of their format: {FORMAT} here '
            f'(spatialclaw_ros {VERSION}), {version} there'
            f'{f" (spatialclaw_ros {theirs})" if theirs else ""}; upgrade {older}')
