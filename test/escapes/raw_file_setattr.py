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

"""Set a file's flags (here: no dump) by path, with file_setattr of Linux 6.17 or by ioctl."""

# act: write
# needs: linux 6.17

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
path = SECRET_FILE.encode()
FS_XFLAG_NODUMP, FS_NODUMP_FL = 0x80, 0x40
attributes = ctypes.create_string_buffer(struct.pack('<QIIII', FS_XFLAG_NODUMP, 0, 0, 0, 0), 24)
print(libc.syscall(469, -100, path, attributes, ctypes.c_size_t(24), 0), ctypes.get_errno())
os.utime(SECRET_FILE, (1, 1))
fd = os.open(SECRET_FILE, os.O_RDONLY)
print(libc.ioctl(fd, 0x40086602, ctypes.byref(ctypes.c_int(FS_NODUMP_FL))))
