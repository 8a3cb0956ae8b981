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

"""Move a page of the stack and let it grow: what has been stack is never counted as data."""

# act: deny

import ctypes
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.getauxval.restype = libc.mremap.restype = ctypes.c_size_t
libc.mremap.argtypes = [ctypes.c_size_t] * 4
page = (libc.getauxval(25) & ~4095) - (25 << 12)
size = 1152 << 20
place = libc.mremap(page, 4096, size, 1)
if place == 2**64 - 1:
    raise MemoryError
ctypes.memset(place, 1, size)
time.sleep(0.5)
