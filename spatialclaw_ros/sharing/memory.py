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


"""Sealed memory files: the host writes arrays once, a worker maps them read-only.

The seal forbids new writable mappings and writes through the descriptor but leaves the host's own
mapping, so that a buffer can be used again for the next query: first touch of fresh memory costs
more than the copy itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import math
import mmap
import os
import sys
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from spatialclaw_ros.errors import KernelError
from spatialclaw_ros.sharing.headers import ArraySpec

ALIGNMENT = 64
_TWO_THREADS_BYTES = 8 * 1024 * 1024
# descriptors that a pool holds: of free files, and of lent ones whose reader has them mapped
_KEEP_FILES = 12
# from linux/fcntl.h; Python names them only since 3.13
_F_ADD_SEALS, _SEAL_SEAL, _SEAL_SHRINK, _SEAL_GROW, _SEAL_FUTURE_WRITE = 1033, 1, 2, 4, 16

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
_libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)


def layout(arrays: Mapping[str, np.ndarray]) -> tuple[list[ArraySpec], int]:
    """Place arrays one after the other.

    Returns:
        Specs in the order of `arrays`, and the size of the buffer in bytes.

    Raises:
        ValueError: an array holds Python objects or records.
    """
    specs, offset = [], 0
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder('<')
        if dtype.hasobject or dtype.names or dtype.kind not in 'biuf':
            raise ValueError(
                f'array {name!r} must hold numbers or booleans, got type {array.dtype}')
        specs.append(ArraySpec(name, dtype.str, list(array.shape), offset))
        offset += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    return specs, offset


def write_arrays(
    buffer: memoryview | bytearray, specs: Iterable[ArraySpec], arrays: Mapping[str, np.ndarray],
) -> None:
    """Copy arrays to their places; what lies between them becomes zero.

    One processor can't use all of the memory's bandwidth: much is copied by two threads.
    """
    specs = list(specs)
    ends = np.cumsum([arrays[spec.name].nbytes for spec in specs])
    if len(specs) < 2 or ends[-1] < _TWO_THREADS_BYTES:
        _write(buffer, specs, arrays)
        return
    middle = int(np.searchsorted(ends, ends[-1] / 2))
    with ThreadPoolExecutor(1) as other:
        second = other.submit(_write, buffer, specs[middle:], arrays)
        _write(buffer, specs[:middle], arrays)
        second.result()


def _write(
    buffer: memoryview | bytearray, specs: Iterable[ArraySpec], arrays: Mapping[str, np.ndarray],
) -> None:
    for spec in specs:
        view = _view(buffer, spec)
        np.copyto(view, arrays[spec.name])
        end = spec.offset + view.nbytes
        gap = -view.nbytes % ALIGNMENT
        if gap:
            buffer[end:end + gap] = bytes(gap)


def read_arrays(
    buffer: memoryview | bytes | bytearray, specs: Iterable[ArraySpec],
) -> dict[str, np.ndarray]:
    """View the arrays of a buffer, read-only."""
    arrays = {}
    for spec in specs:
        array = _view(buffer, spec)
        array.flags.writeable = False
        arrays[spec.name] = array
    return arrays


def _view(buffer: memoryview | bytes | bytearray, spec: ArraySpec) -> np.ndarray:
    count = math.prod(spec.shape)
    if count == 0:
        return np.empty(spec.shape, spec.dtype)
    # not `np.ndarray`, which would look behind a read-only memoryview
    return np.frombuffer(buffer, spec.dtype, count, spec.offset).reshape(spec.shape)


def map_file(fd: int, nbytes: int) -> memoryview:
    """Map a memory file read-only, for as long as somebody holds a view of it.

    Raises:
        OSError: the operating system refuses.
    """
    return memoryview(map_read_only(fd, nbytes)).cast('B').toreadonly()


def map_read_only(fd: int, nbytes: int) -> Any:
    """Map a memory file; the mapping is held by each view of it, and ends with the last one.

    Raises:
        OSError: the operating system refuses.
    """
    return _map(fd, nbytes, mmap.PROT_READ)


def _map(fd: int, nbytes: int, protection: int) -> Any:
    # Python's own `mmap` would keep a second descriptor open beside each mapping
    address = _libc.mmap(None, nbytes, protection, mmap.MAP_SHARED, fd, 0)
    if address is None or address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), f'a memory file of {nbytes} bytes can not be mapped')
    mapping = (ctypes.c_char * nbytes).from_address(address)
    finalizer = weakref.finalize(mapping, _libc.munmap, address, nbytes)
    finalizer.atexit = False  # type: ignore[misc]
    return mapping


def take_file(fd: int, nbytes: int) -> memoryview:
    """Map a memory file that came over the wire read-only, and close its descriptor."""
    try:
        return map_file(fd, nbytes) if nbytes else memoryview(b'')
    finally:
        os.close(fd)


class MemoryFile:
    """A memory file that its owner can write and everybody else can only read.

    Raises:
        KernelError: the operating system can't make or seal it.
    """

    def __init__(self, nbytes: int) -> None:
        self.nbytes = max(nbytes, mmap.PAGESIZE)
        self.fd, self._mapping = _sealed(self.nbytes)
        self._alone = sys.getrefcount(self._mapping)

    @property
    def buffer(self) -> memoryview:
        """All of it; whoever keeps this, or an array over it, keeps the memory."""
        return memoryview(self._mapping).cast('B')

    @property
    def idle(self) -> bool:
        """Whether nobody in this process reads it: each view holds the mapping itself."""
        return sys.getrefcount(self._mapping) == self._alone

    @property
    def closed(self) -> bool:
        """Whether it has no descriptor to be sent."""
        return self.fd < 0

    def lend(self) -> None:
        """Take note that somebody else will map it: nothing to do for memory of one's own."""

    def take_back(self) -> None:
        """Take note that nobody else maps it any more: likewise."""

    def close(self) -> None:
        """Close the descriptor; the memory goes when the last view of it does."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def reopen(self) -> None:
        """Get a descriptor again, if it has none.

        Linux gives none for memory that is mapped, so the content moves to new memory; views
        taken before stay on the old.

        Raises:
            KernelError: the operating system can't make or seal it.
        """
        if not self.closed:
            return
        fd, mapping = _sealed(self.nbytes)
        ctypes.memmove(mapping, self._mapping, self.nbytes)
        self.fd, self._mapping = fd, mapping


def _sealed(nbytes: int) -> tuple[int, Any]:
    """A new memory file's descriptor and its only writable mapping."""
    try:
        fd = os.memfd_create('spatialclaw', os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError as error:
        raise KernelError(f'no memory file of {nbytes} bytes: {error}') from error
    try:
        os.ftruncate(fd, nbytes)
        mapping = _map(fd, nbytes, mmap.PROT_READ | mmap.PROT_WRITE)
        fcntl.fcntl(fd, _F_ADD_SEALS,
                    _SEAL_FUTURE_WRITE | _SEAL_SHRINK | _SEAL_GROW | _SEAL_SEAL)
    except OSError as error:
        os.close(fd)
        raise KernelError(
            f'a memory file of {nbytes} bytes could not be made and sealed: {error}; '
            'Linux 5.1 or later and free shared memory are needed') from error
    return fd, mapping


class MemoryPool:
    """Memory files that sessions borrow, kept warm up to a bound; safe from any thread."""

    def __init__(self, keep_bytes: int) -> None:
        self._keep_bytes = keep_bytes
        self._free: list[MemoryFile] = []
        self._sent: set[MemoryFile] = set()
        self._closed = False
        self._lock = threading.Lock()

    @property
    def free_bytes(self) -> int:
        """Bytes kept for the next session."""
        with self._lock:
            return sum(file.nbytes for file in self._free)

    def borrow(self, nbytes: int) -> MemoryFile:
        """Take the smallest free file that is large enough, not more than twice; or a new one."""
        most = 2 * max(nbytes, mmap.PAGESIZE)
        with self._lock:
            fitting = [f for f in self._free if nbytes <= f.nbytes <= most]
            file = min(fitting, key=lambda f: f.nbytes, default=None)
            if file is not None:
                self._free.remove(file)
        if file is None:
            return MemoryFile(nbytes)
        # what will not be written over is another query's
        np.frombuffer(file.buffer, np.uint8)[nbytes:] = 0
        return file

    @contextlib.contextmanager
    def sending(self, file: MemoryFile) -> Iterator[int]:
        """A lent file's descriptor, to be sent to who maps it.

        Afterwards it stays open for only a few files, however many are lent; the others are sent
        again as a copy.

        Raises:
            KernelError: there is no memory for that.
        """
        file.reopen()
        file.lend()
        try:
            yield file.fd
        finally:
            with self._lock:
                if len(self._sent) < _KEEP_FILES:
                    self._sent.add(file)
                elif file not in self._sent:
                    file.close()

    def give_back(self, file: MemoryFile) -> None:
        """Keep a file that no worker maps any more.

        It is let go when somebody here still reads it, or when the pool is full; those that
        were kept for longest go first.
        """
        dropped = []
        with self._lock:
            self._sent.discard(file)
            keep_bytes = -1 if self._closed else self._keep_bytes
            if not self._closed:
                file.take_back()
            if file.nbytes > keep_bytes or file.closed or not file.idle:
                dropped.append(file)
            else:
                self._free.append(file)
            while self._free and (sum(f.nbytes for f in self._free) > keep_bytes
                                  or len(self._free) > _KEEP_FILES):
                dropped.append(self._free.pop(0))
        for old in dropped:
            old.close()

    def close(self) -> None:
        """Let all free files go."""
        with self._lock:
            dropped, self._free, self._closed = self._free, [], True
        for file in dropped:
            file.close()
