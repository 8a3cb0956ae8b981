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

"""Change the limits of another process."""

# act: signal
# needs: x86_64

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
RLIMIT_NOFILE = 7
new = ctypes.create_string_buffer(struct.pack('2Q', 100, 100), 16)
print(libc.syscall(302, VICTIM_PID, RLIMIT_NOFILE, new, None))
print(libc.prlimit64(VICTIM_PID, RLIMIT_NOFILE, new, None))
