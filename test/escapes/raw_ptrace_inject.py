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

"""Attach to another process as a debugger would, and let it go on with a signal."""

# act: signal
# needs: tracing

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
ATTACH, DETACH, WALL = 16, 17, 0x40000000
print(libc.ptrace(ATTACH, VICTIM_PID, None, None))
libc.waitpid(VICTIM_PID, None, WALL)
print(libc.ptrace(DETACH, VICTIM_PID, None, 12), ctypes.get_errno())
