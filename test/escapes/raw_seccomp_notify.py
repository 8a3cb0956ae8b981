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

"""Ask for a listener that decides calls in place of the kernel, and let it wave them through."""

# act: connect
# needs: x86_64

import ctypes
import socket
import struct
import threading

libc = ctypes.CDLL(None, use_errno=True)
LOAD, EQUAL, RETURN = 0x20, 0x15, 6
instructions = b''.join(struct.pack('HBBI', *each) for each in (
    (LOAD, 0, 0, 0), (EQUAL, 0, 1, 41), (RETURN, 0, 0, 0x7fc00000), (RETURN, 0, 0, 0x7fff0000)))
code = ctypes.create_string_buffer(instructions, len(instructions))
program = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', 4, ctypes.addressof(code)), 16)
libc.prctl(38, 1, 0, 0, 0)
listeners = []


def dial():
    listeners.append(libc.syscall(317, 1, 8, program))
    socket.create_connection(('127.0.0.1', PORT), 1)


thread = threading.Thread(target=dial, daemon=True)
thread.start()
thread.join(0.5)
RECEIVE, SEND, CONTINUE = 0xc0502100, 0xc0182101, 1
notice = ctypes.create_string_buffer(80)
if listeners and libc.ioctl(listeners[0], RECEIVE, notice) == 0:
    reply = notice.raw[:8] + struct.pack('qiI', 0, 0, CONTINUE)
    print(libc.ioctl(listeners[0], SEND, reply))
thread.join(0.5)
