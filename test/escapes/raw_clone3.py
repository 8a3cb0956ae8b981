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

"""Make a process with clone3(2), whose flags lie in memory where a filter can not look."""

# act: spawn

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
arguments = ctypes.create_string_buffer(struct.pack('<8Q', 0, 0, 0, 0, 17, 0, 0, 0), 64)
pid = libc.syscall(435, arguments, ctypes.c_size_t(64))
if pid == 0:
    libc.open(f'{SCRATCH}/spawned'.encode(), 0o101, 0o600)
    libc._exit(0)
if pid > 0:
    os.waitpid(pid, 0)
