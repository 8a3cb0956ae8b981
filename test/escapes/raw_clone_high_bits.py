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

"""Hide the flags of clone(2) from a filter that reads half of the register.

The upper half claims a thread, the lower half asks for a process, and the other way round.
"""

# act: spawn
# needs: x86_64

import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
CLONE_THREAD = 0x10000
for flags in (signal.SIGCHLD | CLONE_THREAD << 32, CLONE_THREAD << 32, signal.SIGCHLD | 1 << 63):
    pid = libc.syscall(56, ctypes.c_ulong(flags), None, None, None, None)
    if pid == 0:
        libc.open(f'{SCRATCH}/spawned'.encode(), 0o101, 0o600)
        libc._exit(0)
    if pid > 0:
        os.waitpid(pid, 0x40000000)
