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

"""Take a descriptor out of another process (pidfd_getfd) and read the file behind it."""

# act: read
# needs: tracing

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(434, VICTIM_PID, 0)
fd = libc.syscall(438, pidfd, VICTIM_FD, 0)
print(fd, ctypes.get_errno())
os.lseek(fd, 0, os.SEEK_SET)
print(os.read(fd, 4096))
