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

"""Open a file by the number of the system call, where only names are watched."""

# act: read
# needs: x86_64

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
SYS_READ, SYS_OPENAT, AT_FDCWD = 0, 257, -100
fd = libc.syscall(SYS_OPENAT, AT_FDCWD, SECRET_FILE.encode(), 0, 0)
buffer = ctypes.create_string_buffer(4096)
count = libc.syscall(SYS_READ, fd, buffer, 4096)
print(buffer.raw[:max(0, count)])
