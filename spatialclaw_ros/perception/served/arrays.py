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


"""Arrays as blobs: as they are, or as float16, compressed by zstd."""

from __future__ import annotations

import functools
import importlib.util
import math
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Literal, Protocol

import numpy as np

from spatialclaw_ros.errors import PerceptionMessageError
from spatialclaw_ros.perception.served.framing import Blobs, Packer
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import Blob, DType, Skill

_DTYPES = {name: np.dtype(f'<{name}') for name in ('i8', 'f2', 'f4', 'f8')} | {
    'u1': np.dtype(np.uint8)}
_HALF_MAX = 32768.0
_LEVEL = 1


@functools.cache
def can_zstd() -> bool:
    """Whether the package for it is installed; it is optional on a robot."""
    return importlib.util.find_spec('zstandard') is not None


class Mapping(Protocol):
    """`map`, or that of an executor."""

    def __call__(self, function: Callable[[Any], Any], values: Iterable[Any], /) -> Iterator[Any]:
        """Results in the order of the values."""
        ...


def put(packer: Packer, array: np.ndarray, accepts: Collection[Skill] = ()) -> Blob:
    """Append an array; see `put_all`."""
    return put_all(packer, (array,), accepts)[0]


def put_all(
    packer: Packer, arrays: Iterable[np.ndarray], accepts: Collection[Skill] = (),
    mapping: Mapping = map,
) -> tuple[Blob, ...]:
    """Append arrays of any shape: bytes, integers, or floats (float32 may become float16).

    Args:
        packer: of the message.
        arrays: uint8, int64, float32 or float64.
        accepts: what the other side reads.
        mapping: compresses several at once.
    """
    return tuple(
        Blob(packer.add(data), data.nbytes, shape, name, coding, scale)
        for name, shape, coding, scale, data in mapping(
            functools.partial(_prepared, accepts), arrays))


class ArrayReader:
    """Reads arrays of one message, no more than its limits allow.

    Args:
        blobs: of the message.
        limits: of it.
    """

    def __init__(self, blobs: Blobs, limits: WireLimits) -> None:
        self._blobs = blobs
        self._left = limits.decoded_bytes
        self._limits = limits

    def spend(self, size: int) -> None:
        """Take note of so many bytes that will be unpacked.

        Raises:
            PerceptionMessageError: they are too many.
        """
        self._left -= size
        if self._left < 0:
            raise PerceptionMessageError(
                f'a message holds more than {self._limits.decoded_bytes} bytes once it is unpacked')

    def take(self, offset: int, size: int) -> np.ndarray:
        """The bytes of a blob."""
        return self._blobs.take(offset, size)

    def read(self, blob: Blob, name: str, dtype: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """An array; see `read_all`."""
        return self.read_all((blob,), name, dtype, shape)[0]

    def read_all(
        self, blobs: Iterable[Blob], name: str, dtype: str, shape: tuple[int | None, ...],
        mapping: Mapping = map,
    ) -> tuple[np.ndarray, ...]:
        """Arrays.

        Args:
            blobs: that say where they lie.
            name: for messages.
            dtype: that they must have; `f4` may come as `f2`.
            shape: that they must have; None for a length that may be anything.
            mapping: unpacks several at once.

        Raises:
            PerceptionMessageError: one has another dtype, shape or size, or can't be unpacked.
        """
        claimed = [(blob, self._claim(blob, name, dtype, shape), name) for blob in blobs]
        return tuple(mapping(_unpacked, claimed))

    def read_maybe(
        self, blob: Blob | None, name: str, dtype: str, shape: tuple[int | None, ...],
    ) -> np.ndarray | None:
        """As `read`, None for none."""
        return None if blob is None else self.read(blob, name, dtype, shape)

    def finish(self) -> None:
        """Check that all of the message was read."""
        self._blobs.finish()

    def _claim(
        self, blob: Blob, name: str, dtype: str, shape: tuple[int | None, ...],
    ) -> np.ndarray:
        """The bytes of an array as they lie, checked before anything is allocated."""
        fits = len(blob.shape) == len(shape) and all(
            want is None or have == want for have, want in zip(blob.shape, shape))
        if not fits or blob.dtype not in ((dtype, 'f2') if dtype == 'f4' else (dtype,)):
            wanted = ', '.join('any' if want is None else str(want) for want in shape)
            raise PerceptionMessageError(
                f'{name} must be ({wanted}) {dtype}, got {blob.shape} {blob.dtype}')
        if not 0 < blob.scale < math.inf:
            raise PerceptionMessageError(f'{name} has the scale {blob.scale}')
        size = _size(blob)
        self.spend(size * (2 if blob.dtype == 'f2' else 1))
        if blob.coding == 'raw' and blob.size != size:
            raise PerceptionMessageError(f'{name} must have {size} bytes, got {blob.size}')
        return self.take(blob.offset, blob.size)


def _size(blob: Blob) -> int:
    return math.prod(blob.shape) * _DTYPES[blob.dtype].itemsize


def _prepared(
    accepts: Collection[Skill], array: np.ndarray,
) -> tuple[DType, tuple[int, ...], Literal['raw', 'zstd'], float, memoryview]:
    scale = 1.0
    if array.dtype == np.float32 and 'float16' in accepts:
        array, scale = _halved(array)
    name: Any = array.dtype.str[1:]
    flat = np.ascontiguousarray(array, _DTYPES[name]).reshape(-1).view(np.uint8)
    if 'zstd' in accepts and flat.size and can_zstd():
        packed = _compressed(flat, array.itemsize)
        if packed.nbytes < flat.nbytes:
            return name, array.shape, 'zstd', scale, packed
    return name, array.shape, 'raw', scale, flat.data


def _unpacked(claimed: tuple[Blob, np.ndarray, str]) -> np.ndarray:
    blob, data, name = claimed
    kind = _DTYPES[blob.dtype]
    if blob.coding == 'zstd':
        data = _expanded(data, _size(blob), kind.itemsize, name)
    array = data.view(kind).reshape(blob.shape)
    if blob.dtype == 'f2':
        array = array.astype(np.float32)
        if blob.scale != 1.0:
            with np.errstate(over='ignore'):
                array *= np.float32(blob.scale)
    return array


def _halved(array: np.ndarray) -> tuple[np.ndarray, float]:
    """Float16, and the power of two that it was divided by where its range asks for one."""
    with np.errstate(invalid='ignore', over='ignore'):
        largest = float(max(array.max(initial=0.0), -array.min(initial=0.0)))
        if not math.isfinite(largest):
            sizes = np.abs(array)
            largest = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
        if largest == 0 or 1 <= largest <= _HALF_MAX:
            return array.astype(np.float16), 1.0
        scale = 2.0 ** math.ceil(math.log2(largest / _HALF_MAX))
        scale = min(max(scale, 2.0 ** -120), 2.0 ** 112)
        return (array * np.float32(1 / scale)).astype(np.float16), scale


def _compressed(flat: np.ndarray, itemsize: int) -> memoryview:
    import zstandard
    planes = flat if itemsize == 1 else np.ascontiguousarray(flat.reshape(-1, itemsize).T)
    return memoryview(zstandard.ZstdCompressor(level=_LEVEL).compress(planes.data))


def _expanded(data: np.ndarray, size: int, itemsize: int, name: str) -> np.ndarray:
    if not can_zstd():
        raise PerceptionMessageError(
            f'{name} came compressed by zstd, which was not asked for: the package zstandard is '
            'not installed here')
    import zstandard
    try:
        # the size that a frame names is what would be allocated
        announced = zstandard.frame_content_size(data.data)
        if announced != size:
            raise PerceptionMessageError(
                f'{name} must have {size} bytes unpacked, {announced} are announced')
        flat = zstandard.ZstdDecompressor().decompress(
            data.data, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise PerceptionMessageError(f'{name} can not be unpacked: {error}') from error
    if len(flat) != size:
        raise PerceptionMessageError(f'{name} has {len(flat)} bytes unpacked instead of {size}')
    planes = np.frombuffer(flat, np.uint8)
    return planes if itemsize == 1 else np.ascontiguousarray(planes.reshape(itemsize, -1).T)
