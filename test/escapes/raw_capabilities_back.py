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

"""Take capabilities back, and become another user and root again."""

# act: read
# needs: x86_64

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
header = struct.pack('Ii', 0x20080522, 0)
everything = struct.pack('6I', *[0xffffffff] * 3, *[0x1ff] * 3)
print(libc.syscall(126, header, everything), libc.prctl(47, 2, 2, 0, 0))
for call in (lambda: os.setresuid(0, 0, 0), lambda: os.setegid(0), lambda: os.setgroups([0])):
    try:
        call()
    except OSError as error:
        print(error)
print(open(SECRET_FILE).read())
