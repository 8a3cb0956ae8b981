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

"""Change a file's times, which tells somebody outside one bit after the other."""

# act: write
# needs: x86_64

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
path = SECRET_FILE.encode()
times = ctypes.create_string_buffer(struct.pack('4q', 1, 0, 1, 0), 32)
print(libc.syscall(280, -100, path, times, 0), libc.syscall(261, -100, path, None),
      libc.syscall(235, path, None), libc.syscall(132, path, None))
