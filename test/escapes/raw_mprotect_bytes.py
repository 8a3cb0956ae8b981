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

"""Make the memory of an ordinary bytes object executable, and open a socket from there."""

# act: connect
# needs: x86_64

import ctypes
import struct

code = bytes.fromhex('4889f84889f74889d64889ca0f05c3')
holder = b'\x90' * 4096 + code
address = id(holder) + bytes.__basicsize__ - 1 + 4096
libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
print(libc.mprotect(address & ~4095, 8192, 7))
call = ctypes.CFUNCTYPE(
    ctypes.c_long, ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_long)(address)
where = ctypes.create_string_buffer(
    struct.pack('<H', 2) + struct.pack('>H', PORT) + bytes((127, 0, 0, 1)) + bytes(8), 16)
fd = call(41, 2, 1, 0)
print(fd, call(42, fd, ctypes.addressof(where), 16))
