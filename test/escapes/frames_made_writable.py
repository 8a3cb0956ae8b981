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

"""Write into the frames' shared memory, to be read by the query that gets the memory next."""

# act: leak
# held by: host, memory files are sealed before a worker gets them

import ctypes
import mmap

libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
libc.mremap.restype = ctypes.c_void_p
address = InputImages[0].array.__array_interface__['data'][0]
page = address & ~4095
if libc.mprotect(page, 4096, 3) == 0:
    ctypes.memmove(address, PRIVATE.encode(), len(PRIVATE))
MREMAP_MAYMOVE = 1
again = libc.mremap(ctypes.c_void_p(page), ctypes.c_size_t(0), ctypes.c_size_t(4096),
                    MREMAP_MAYMOVE)
print(again, mmap.PAGESIZE)
for advice in (9, 4, 14, 18, 19, 20, 100):
    libc.madvise(ctypes.c_void_p(page), ctypes.c_size_t(4096), advice)
try:
    with open('/proc/self/mem', 'r+b', buffering=0) as memory:
        memory.seek(address)
        memory.write(PRIVATE.encode())
except OSError as error:
    print(error)
# %% next session
import ctypes

address = InputImages[0].array.__array_interface__['data'][0] & ~4095
print(ctypes.string_at(address, 65536))
