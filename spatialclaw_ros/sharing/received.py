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

"""Memory files that another process made: read here, lent on without a copy, then given back."""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Callable, Mapping

import numpy as np

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.sharing.headers import ArraySpec
from spatialclaw_ros.sharing.memory import ALIGNMENT, MemoryFile, map_read_only

# from linux/fcntl.h; Python names them only since 3.13
_F_GET_SEALS, _SEAL_SEAL, _SEAL_SHRINK, _SEAL_GROW, _SEAL_WRITES = 1034, 1, 2, 4, 8 | 16
_SEALS = _SEAL_SEAL | _SEAL_SHRINK | _SEAL_GROW


class ReceivedFile(MemoryFile):
    """A sealed memory file of another process, mapped read-only.

    A `MemoryPool` lends it as its own, and does not keep it. The other process gets it back when
    the last view of it is gone here.

    Args:
        fd: its descriptor, owned by this from now on.
        nbytes: how much of it is used.
        give_back: called once, by whatever drops the last view and wherever that is, so it must
            not lock; told whether the memory may be written again. It may not while somebody
            that it was lent to was not seen to let go of it.

    Raises:
        WireError: the file is smaller, or not sealed against shrinking and writing.
    """

    def __init__(self, fd: int, nbytes: int, give_back: Callable[[bool], None]) -> None:
        self.fd = fd
        self.nbytes = nbytes
        self._closing = weakref.finalize(self, os.close, fd)
        self._closing.atexit = False
        try:
            seals = fcntl.fcntl(fd, _F_GET_SEALS)
            size = os.fstat(fd).st_size
        except OSError as error:
            self.close()
            raise WireError(f'what came is not a memory file: {error}') from error
        if seals & _SEALS != _SEALS or not seals & _SEAL_WRITES or not 0 < nbytes <= size:
            self.close()
            raise WireError(
                f'a memory file of {size} bytes with the seals {seals:#x} came, expected one of '
                f'at least {nbytes} that can neither shrink nor be written')
        try:
            self._mapping = map_read_only(fd, nbytes)
        except OSError as error:
            self.close()
            raise WireError(str(error)) from error
        self._borrowers: list[None] = []
        weakref.finalize(self._mapping, _return, give_back, self._borrowers).atexit = False

    @property
    def buffer(self) -> memoryview:
        """All of it, read-only; whoever keeps this, or an array over it, keeps the memory."""
        return memoryview(self._mapping).cast('B').toreadonly()

    @property
    def idle(self) -> bool:
        """Never: it is not this process's to use again."""
        return False

    def lend(self) -> None:
        """Take note that somebody else will map it."""
        self._borrowers.append(None)

    def take_back(self) -> None:
        """Take note that nobody else maps it any more."""
        self._borrowers.clear()

    def close(self) -> None:
        """Close the descriptor; the memory goes when the last view of it does."""
        self.fd = -1
        self._closing()

    def reopen(self) -> None:
        """As `MemoryFile.reopen`: the content moves to memory of this process."""
        if self.closed:
            super().reopen()
            self._closing = weakref.finalize(self, os.close, self.fd)
            self._closing.atexit = False


def _return(give_back: Callable[[bool], None], borrowers: list[None]) -> None:
    give_back(not borrowers)


def places_in(file: MemoryFile, arrays: Mapping[str, np.ndarray]) -> list[ArraySpec] | None:
    """Where arrays lie in a memory file; None when one of them does not, or is of another kind."""
    start = np.frombuffer(file.buffer, np.uint8).__array_interface__['data'][0]
    specs = []
    for name, array in arrays.items():
        dtype = array.dtype
        offset = array.__array_interface__['data'][0] - start if array.size else 0
        if (dtype.kind not in 'biuf' or dtype != dtype.newbyteorder('<')
                or not array.flags.c_contiguous or offset % dtype.itemsize
                or not 0 <= offset <= file.nbytes - array.nbytes):
            return None
        specs.append(ArraySpec(name, dtype.newbyteorder('<').str, list(array.shape), offset))
    return specs


def end_of(specs: list[ArraySpec], arrays: Mapping[str, np.ndarray]) -> int:
    """Bytes that it takes to map all arrays."""
    ends = [spec.offset + arrays[spec.name].nbytes for spec in specs]
    return -(-max(ends, default=0) // ALIGNMENT) * ALIGNMENT
