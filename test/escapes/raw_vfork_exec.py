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

"""Fork and start a program by machine code, as vfork needs it."""

# act: spawn
# needs: x86_64

import ctypes
import mmap

# mov eax, 58; syscall; test eax, eax; jnz done; mov eax, 59; syscall; mov eax, 60; syscall; ret
code = bytes.fromhex('b83a000000 0f05 85c0 750e b83b000000 0f05 b83c000000 0f05 c3'
                     .replace(' ', ''))
memory = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
memory.write(code)
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
start = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_void_p)(address)
words = (ctypes.c_char_p * 4)(b'sh', b'-c', f'echo > {SCRATCH}/spawned'.encode(), None)
print(start(b'/bin/sh', words, None))
