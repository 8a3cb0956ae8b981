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

"""Create and grow a file by openat and fallocate, where only write() is watched."""

# act: write
# needs: x86_64

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(257, -100, f'{SCRATCH}/grown'.encode(), 0o102, 0o600)
print(fd, libc.syscall(285, fd, 0, 0, 4096), libc.ftruncate(fd, 100))
