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

"""Set up the older asynchronous input and output, and read a file with it."""

# act: read
# needs: x86_64

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
context = ctypes.c_ulong(0)
IO_SETUP, IO_GETEVENTS, IO_SUBMIT = 206, 208, 209
if libc.syscall(IO_SETUP, 8, ctypes.byref(context)) < 0:
    raise OSError(ctypes.get_errno(), 'io_setup')
fd = libc.open(SECRET_FILE.encode(), 0)
buffer = ctypes.create_string_buffer(512)
block = ctypes.create_string_buffer(struct.pack(
    '<QIIHhIQQqQII', 0, 0, 0, 0, 0, fd, ctypes.addressof(buffer), 512, 0, 0, 0, 0), 64)
pointers = (ctypes.c_void_p * 1)(ctypes.addressof(block))
events = ctypes.create_string_buffer(32)
print(libc.syscall(IO_SUBMIT, context, 1, pointers))
print(libc.syscall(IO_GETEVENTS, context, 1, 1, events, None), buffer.value)
