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


"""Memory for large bodies, used again: the first touch of fresh memory costs more than the copy."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np

_LARGE_BYTES = 1 << 20
_KEPT = 2
_IDLE_S = 20.0


class Buffers:
    """Buffers that are taken again once nobody has a view of them any more; for all threads.

    Whoever looks at a buffer refers to it: an array, a memoryview, a tensor made of either. So
    its count of references tells whether it is free.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[np.ndarray] = []
        self._used_s: list[float] = []

    @property
    def held_bytes(self) -> int:
        """Of all that are kept, whether in use or not."""
        with self._lock:
            return sum(each.nbytes for each in self._kept)

    def take(self, size: int) -> np.ndarray:
        """(size,) uint8 of any content."""
        if size < _LARGE_BYTES:
            return np.empty(size, np.uint8)
        with self._lock:
            now_s = time.monotonic()
            for position in range(len(self._kept)):
                if size <= self._kept[position].size <= 2 * size and self._free(position):
                    self._used_s[position] = now_s
                    return self._kept[position][:size]
            fresh = np.empty(size, np.uint8)
            if len(self._kept) == _KEPT:
                oldest = self._used_s.index(min(self._used_s))
                del self._kept[oldest], self._used_s[oldest]
            self._kept.append(fresh)
            self._used_s.append(now_s)
            # a view: what is handed out must not be the kept one itself
            return fresh[:size]

    def trim(self) -> None:
        """Let go of what nobody took for a while."""
        with self._lock:
            for position in reversed(range(len(self._kept))):
                if time.monotonic() - self._used_s[position] > _IDLE_S:
                    del self._kept[position], self._used_s[position]

    def _free(self, position: int) -> bool:
        return sys.getrefcount(self._kept[position]) <= _REFERENCES


def _references() -> int:
    """What `Buffers._free` counts of a buffer that is in its list alone."""
    kept = [np.empty(1, np.uint8)]
    return sys.getrefcount(kept[0])


_REFERENCES = _references()
