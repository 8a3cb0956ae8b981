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

"""Put a second Landlock ruleset on, one that allows the whole file system."""

# act: read

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
CREATE, ADD, RESTRICT, READ = 444, 445, 446, 12
ruleset = libc.syscall(CREATE, struct.pack('Q', READ), ctypes.c_size_t(8), 0)
root = os.open('/', os.O_PATH)
print(libc.syscall(ADD, ruleset, 1, struct.pack('=QI', READ, root), 0))
libc.prctl(38, 1, 0, 0, 0)
print(libc.syscall(RESTRICT, ruleset, 0))
print(open(SECRET_FILE).read())
