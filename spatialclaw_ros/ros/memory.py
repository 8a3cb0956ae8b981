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

"""Lets glibc reuse the memory of large messages instead of handing it back after each one.

A ring buffer frees one image for each that comes. By default glibc gives freed images back to the
kernel, and every new one is paid for in page faults again: with rclpy's multi-threaded executor a
1080p subscriber spent more time on those than on the message itself.
"""

from __future__ import annotations

import ctypes
import threading
import time

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_KEEP_BYTES = 2**31 - 1
_HEAP_BYTES = 32 * 2**20
_AT_TIMES_S = 15.0
_at_times = threading.Lock()
_latest_s = [0.0]


def reuse_freed_memory() -> bool:
    """Keep freed memory in this process, for all of it; whether the C library can do that.

    Call it before there are threads: heaps that they have by then stay, and later ones share them.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return all([
        mallopt(_M_TRIM_THRESHOLD, _KEEP_BYTES), mallopt(_M_MMAP_THRESHOLD, _HEAP_BYTES),
        mallopt(_M_ARENA_MAX, 1)])


def give_memory_back_at_times() -> None:
    """Hand what is free back to the kernel, unless that was done a moment ago.

    What queries free lies scattered among images that stay, and the heap would grow to several
    times of what is in use. It takes up to a tenth of a second: call it when an answer is out.
    """
    if _at_times.acquire(blocking=False):
        try:
            now_s = time.monotonic()
            if now_s - _latest_s[0] >= _AT_TIMES_S:
                give_memory_back()
                _latest_s[0] = time.monotonic()
        finally:
            _at_times.release()


def give_memory_back() -> None:
    """Hand what is free back to the kernel now."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        return
