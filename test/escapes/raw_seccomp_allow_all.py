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

"""Put a filter that allows everything on top of the one that is there, then open a socket."""

# act: connect
# needs: x86_64

import ctypes
import socket
import struct

libc = ctypes.CDLL(None, use_errno=True)
allow = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000), 8)
program = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', 1, ctypes.addressof(allow)), 16)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 38, 22
print(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), libc.prctl(PR_SET_SECCOMP, 2, program, 0, 0))
print(libc.syscall(317, 1, 0, program), libc.prctl(PR_SET_SECCOMP, 0, None, 0, 0))
socket.create_connection(('127.0.0.1', PORT), 1)
