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

"""Hang an attribute onto a file by a call that came with Linux 6.13.

Lists of forbidden calls grow old: what is new is allowed by them.
"""

# act: write
# needs: linux 6.13

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
value = ctypes.create_string_buffer(b'out')
arguments = ctypes.create_string_buffer(struct.pack('QII', ctypes.addressof(value), 3, 0), 16)
print(libc.syscall(463, -100, SECRET_FILE.encode(), 0, b'user.escape', arguments,
                   ctypes.c_size_t(16)), ctypes.get_errno())
