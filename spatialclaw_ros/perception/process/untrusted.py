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

"""The only door through which the perception process's bytes come into the node.

Third-party model code runs there: what comes is decoded into typed messages within bounds, and
arrays are laid over a memory file only where they fit into it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.perception.process.messages import (
    MAX_PLAIN_BYTES,
    MAX_REPLY_BYTES,
    FromProcess,
    Result,
)
from spatialclaw_ros.sharing.headers import ArraySpec
from spatialclaw_ros.sharing.json_values import json_object
from spatialclaw_ros.sharing.texts import clean, clean_line

DTYPES = frozenset((
    '|b1', '|u1', '|i1', '<u2', '<i2', '<u4', '<i4', '<u8', '<i8', '<f2', '<f4', '<f8'))
_MAX_COMPLAINT_CHARS = 200
_MAX_NAME_CHARS = 128
_MAX_DIMENSIONS = 8
_decoder = msgspec.msgpack.Decoder(FromProcess)
_values = msgspec.msgpack.Decoder(json_object(
    depth=8, items=65_536, keys=256, key_chars=_MAX_NAME_CHARS))


def decode(payload: bytes | bytearray | memoryview) -> FromProcess:
    """Unpack a message.

    Raises:
        WireError: it is malformed or out of bounds.
    """
    message: FromProcess = _unpack(_decoder, payload)
    if isinstance(message, Result):
        return message
    if len(payload) > MAX_PLAIN_BYTES:
        raise WireError(f'a message of {len(payload)} bytes came that is no result')
    return clean(message)


def values_of(packed: msgspec.Raw) -> dict[str, Any]:
    """Unpack a result's values.

    Raises:
        WireError: they are malformed or out of bounds.
    """
    values: dict[str, Any] = _unpack(_values, packed)
    return clean(values, lines=True)


def _unpack(decoder: Any, payload: Any) -> Any:
    if len(memoryview(payload)) > MAX_REPLY_BYTES:
        raise WireError(f'a message of {len(memoryview(payload))} bytes came')
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError) as error:
        complaint = clean_line(str(error)[:_MAX_COMPLAINT_CHARS])
        raise WireError(f'a malformed message came: {complaint}') from None


def check_arrays(specs: Sequence[ArraySpec], nbytes: int) -> None:
    """Arrays must lie inside their buffer, and be of plain types.

    Raises:
        WireError: one does not, or is not.
    """
    names = set()
    for spec in specs:
        names.add(spec.name)
        if spec.dtype not in DTYPES:
            raise WireError(f'array {spec.name[:40]!r} has type {spec.dtype[:20]!r}, '
                            'expected a plain one')
        itemsize = np.dtype(spec.dtype).itemsize
        if len(spec.name) > _MAX_NAME_CHARS or len(spec.shape) > _MAX_DIMENSIONS or any(
                size < 0 for size in spec.shape):
            raise WireError(f'array {spec.name[:40]!r} has the shape {spec.shape[:8]}')
        # an empty array may still have a shape that NumPy can't index
        extent = math.prod(max(size, 1) for size in spec.shape) * itemsize
        end = spec.offset + math.prod(spec.shape) * itemsize
        if spec.offset < 0 or spec.offset % itemsize or end > nbytes or (
                math.prod(spec.shape) == 0 and extent > 2**40):
            raise WireError(
                f'array {spec.name[:40]!r} of shape {spec.shape} and type {spec.dtype} at '
                f'{spec.offset} does not lie in {nbytes} bytes')
    if len(names) != len(specs):
        raise WireError('two arrays of one name came')
