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

"""Attach to another process of the same user as a debugger would, and read its memory."""

# act: read
# needs: tracing

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
ATTACH, PEEK, DETACH, WALL = 16, 2, 17, 0x40000000
if libc.ptrace(ATTACH, VICTIM_PID, None, None) != 0:
    raise OSError(ctypes.get_errno(), 'ptrace')
libc.waitpid(VICTIM_PID, None, WALL)
words = [libc.ptrace(PEEK, VICTIM_PID, VICTIM_ADDRESS + 8 * place, None) for place in range(8)]
libc.ptrace(DETACH, VICTIM_PID, None, None)
print(b''.join((word & 2**64 - 1).to_bytes(8, 'little') for word in words))
