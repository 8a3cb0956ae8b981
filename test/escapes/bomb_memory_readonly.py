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

"""Fill memory and make it read-only, which Linux then no longer counts as data (RLIMIT_DATA)."""

# act: deny

import ctypes
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_size_t
libc.mmap.argtypes = [ctypes.c_size_t] * 6
libc.mprotect.argtypes = [ctypes.c_size_t] * 3
size, nowhere = 64 << 20, 2**64 - 1
for _ in range(18):
    place = libc.mmap(0, size, 3, 0x22, nowhere, 0)
    if place == nowhere:
        raise MemoryError
    ctypes.memset(place, 1, size)
    libc.mprotect(place, size, 1)
time.sleep(0.5)
