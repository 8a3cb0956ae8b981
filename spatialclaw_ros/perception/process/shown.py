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

"""Observations that the perception process was shown, seen from the node."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import deque
from dataclasses import dataclass

from spatialclaw_ros.errors import KernelError
from spatialclaw_ros.perception.process.wake import Wake
from spatialclaw_ros.sharing.headers import ObservationHeader
from spatialclaw_ros.sharing.memory import MemoryFile, MemoryPool, write_arrays
from spatialclaw_ros.sharing.observations import pack_observation
from spatialclaw_ros.workspace.observation import Observation


@dataclass(eq=False)
class Shown:
    """One observation in a memory file.

    Args:
        id: what it is called.
        header: where everything lies.
        file: borrowed from the pool until nobody can read it any more.
        generation: of the process that has it; guarded by the keeper's lock.
        finalizer: runs when the observation dies.
    """

    id: int
    header: ObservationHeader
    file: MemoryFile
    generation: int = 0
    finalizer: weakref.finalize | None = None  # type: ignore[type-arg]


class ShownObservations:
    """Writes each observation down once, for as long as it lives; safe from any thread.

    `dropped` and what follows it belong to the keeper's thread.

    Args:
        keep_bytes: of memory kept warm for the next observation.
        wake: set when one died.
    """

    def __init__(self, keep_bytes: int, wake: Wake) -> None:
        self._pool = MemoryPool(keep_bytes)
        self._wake = wake
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._shown: weakref.WeakKeyDictionary[Observation, Shown] = weakref.WeakKeyDictionary()
        self._dead: deque[Shown] = deque()
        self._read: dict[int, MemoryFile] = {}
        self._closed = False

    def of(self, observation: Observation) -> Shown:
        """The observation in its memory file.

        Raises:
            KernelError: there is no shared memory for it.
        """
        with self._lock:
            if self._closed:
                raise KernelError('perception is closed')
            shown = self._shown.get(observation)
            if shown is None:
                header, arrays = pack_observation(observation)
                file = self._pool.borrow(header.nbytes)
                write_arrays(file.buffer, header.arrays, arrays)
                shown = Shown(next(self._numbers), header, file)
                self._shown[observation] = shown
                shown.finalizer = weakref.finalize(observation, self._let_go, shown)
                shown.finalizer.atexit = False
            return shown

    def _let_go(self, shown: Shown) -> None:
        # runs wherever the last reference went: no lock may be taken
        self._dead.append(shown)
        self._wake.set()

    def dropped(self, generation: int) -> list[int]:
        """Observations that died and that this process is to be told of, 0 for none."""
        told = []
        while self._dead:
            shown = self._dead.popleft()
            if generation and shown.generation == generation:
                self._read[shown.id] = shown.file
                told.append(shown.id)
            else:
                self._pool.give_back(shown.file)
        return told

    def unread(self, number: int) -> bool:
        """The process reads it no more; False when it was not told to let it go."""
        file = self._read.pop(number, None)
        if file is not None:
            self._pool.give_back(file)
        return file is not None

    def gone(self) -> None:
        """The process has ended."""
        for number in tuple(self._read):
            self.unread(number)

    def close(self) -> None:
        """Let go of all memory; there must be no process any more."""
        with self._lock:
            self._closed = True
            alive = [shown for shown in self._shown.values()
                     if shown.finalizer is not None and shown.finalizer.detach()]
            self._shown.clear()
        self._dead.extend(alive)
        self.dropped(0)
        self._pool.close()
