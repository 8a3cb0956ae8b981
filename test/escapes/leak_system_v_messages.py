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

"""Leave a message in a System V queue, and bits in its semaphores."""

# act: leak

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
queue = libc.msgget(0x5ca1ab1e, 0o1600)
message = ctypes.create_string_buffer(struct.pack('q', 1) + PRIVATE.encode())
if queue < 0 or libc.msgsnd(queue, message, len(PRIVATE), 0) != 0:
    raise OSError(ctypes.get_errno(), 'msgsnd')
# %% next session
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
queue = libc.msgget(0x5ca1ab1e, 0)
message = ctypes.create_string_buffer(128)
print(libc.msgrcv(queue, message, ctypes.c_size_t(64), ctypes.c_long(0), 0), message.raw)
libc.msgctl(queue, 0, None)
