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

"""Change read-only memory of one's own through /proc/self/mem, which honours no protection.

The first bytes of a C function are replaced by a system call.
"""

# act: connect
# needs: x86_64

import ctypes
import mmap
import struct

libc = ctypes.CDLL(None, use_errno=True)
target = ctypes.cast(libc.ffsll, ctypes.c_void_p).value
# mov rax, rdi; mov rdi, rsi; mov rsi, rdx; mov rdx, rcx; syscall; ret
with open('/proc/self/mem', 'r+b', buffering=0) as memory:
    memory.seek(target)
    memory.write(bytes.fromhex('4889f84889f74889d64889ca0f05c3'))
call = ctypes.CFUNCTYPE(
    ctypes.c_long, ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_long)(target)
where = ctypes.create_string_buffer(
    struct.pack('<H', 2) + struct.pack('>H', PORT) + bytes((127, 0, 0, 1)) + bytes(8), 16)
print(call(42, call(41, 2, 1, 0), ctypes.addressof(where), 16), mmap.PAGESIZE)
