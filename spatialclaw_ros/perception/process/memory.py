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

"""Memory files that go between the perception process and its node, seen from the process."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable

import msgspec
import numpy as np

from spatialclaw_ros.perception.process.messages import (
    INLINE_BYTES,
    MAX_TEXT_CHARS,
    Observe,
    Release,
    Result,
)
from spatialclaw_ros.sharing.memory import (
    MemoryFile,
    MemoryPool,
    layout,
    map_read_only,
    read_arrays,
    write_arrays,
)
from spatialclaw_ros.sharing.observations import unpack_observation
from spatialclaw_ros.workspace.calls import ToolResult
from spatialclaw_ros.workspace.observation import Observation

_encoder = msgspec.msgpack.Encoder()


class LentFiles:
    """Results that the node reads; safe from any thread.

    Args:
        keep_bytes: of memory kept warm for the next results.
    """

    def __init__(self, keep_bytes: int) -> None:
        self.pool = MemoryPool(keep_bytes)
        self._lent: dict[int, MemoryFile] = {}
        self._count = 0
        self._lock = threading.Lock()

    def lend(self, call: int, result: ToolResult) -> tuple[Result, MemoryFile | None]:
        """Write a result down for the node: its message, and the memory file that goes with it.

        Raises:
            ValueError: an array holds no numbers.
            KernelError: there is no shared memory for it.
        """
        arrays = {name: np.asarray(array) for name, array in result.arrays.items()}
        specs, nbytes = layout(arrays)
        values = msgspec.Raw(_encoder.encode(dict(result.values)))
        error = result.error and result.error[:MAX_TEXT_CHARS]
        if nbytes <= INLINE_BYTES:
            buffer = bytearray(nbytes)
            write_arrays(buffer, specs, arrays)
            return Result(call, values, specs, nbytes, bytes(buffer), error), None
        file = self.pool.borrow(nbytes)
        try:
            write_arrays(file.buffer, specs, arrays)
        except BaseException:
            self.pool.give_back(file)
            raise
        with self._lock:
            self._count += 1
            self._lent[self._count] = file
            return Result(call, values, specs, nbytes, None, error, self._count), file

    def take_back(self, release: Release) -> None:
        """Use a file again that the node has let go, or give its memory back to the machine."""
        with self._lock:
            file = self._lent.pop(release.file)
        if release.again:
            self.pool.give_back(file)
        else:
            file.close()


class ShownObservations:
    """Observations that calls are about, each in the node's memory file; belongs to one thread.

    Args:
        unread: told the number of an observation that was dropped and whose memory nobody reads
            any more; from wherever that is, so it must not lock.
    """

    def __init__(self, unread: Callable[[int], None]) -> None:
        self._unread = unread
        self._shown: dict[int, Observation] = {}

    def __getitem__(self, number: int) -> Observation:
        return self._shown[number]

    def show(self, message: Observe, fd: int) -> None:
        """Take an observation.

        Raises:
            OSError: its memory can't be mapped.
        """
        try:
            mapping = map_read_only(fd, message.header.nbytes)
        finally:
            os.close(fd)
        weakref.finalize(mapping, self._unread, message.id).atexit = False
        buffer = memoryview(mapping).cast('B').toreadonly()
        self._shown[message.id] = unpack_observation(
            message.header, read_arrays(buffer, message.header.arrays))

    def drop(self, number: int) -> None:
        """Let an observation go; calls that run keep it until they end."""
        del self._shown[number]
