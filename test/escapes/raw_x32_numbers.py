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

"""Ask for the x32 face of a system call, with bit 30 of its number set.

Known from filters that compare whole numbers (seccomp(2), "x32").
"""

# act: read
# needs: x32

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
X32 = 0x40000000
fd = libc.syscall(X32 | 2, SECRET_FILE.encode(), 0, 0)
buffer = ctypes.create_string_buffer(4096)
count = libc.syscall(X32 | 0, fd, buffer, 4096)
print(fd, buffer.raw[:max(0, count)])
