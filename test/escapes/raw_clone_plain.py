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

"""Make a process with clone(2) and flags that are not those of a thread."""

# act: spawn
# needs: x86_64

import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
CLONE_PTRACE, CLONE_UNTRACED = 0x2000, 0x800000
for flags in (signal.SIGCHLD, signal.SIGCHLD | CLONE_PTRACE | CLONE_UNTRACED):
    pid = libc.syscall(56, ctypes.c_ulong(flags), None, None, None, None)
    if pid == 0:
        libc.open(f'{SCRATCH}/spawned'.encode(), 0o101, 0o600)
        libc._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
