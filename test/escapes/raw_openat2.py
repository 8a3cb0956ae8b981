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

"""Open a file with openat2(2), which filters older than Linux 5.6 do not know."""

# act: read

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
SYS_OPENAT2, AT_FDCWD = 437, -100
how = ctypes.create_string_buffer(struct.pack('QQQ', 0, 0, 0), 24)
fd = libc.syscall(SYS_OPENAT2, AT_FDCWD, SECRET_FILE.encode(), how, ctypes.c_size_t(24))
buffer = ctypes.create_string_buffer(4096)
count = libc.read(fd, buffer, 4096)
print(buffer.raw[:max(0, count)])
