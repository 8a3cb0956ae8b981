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

"""Put a program into a memory file and run it from there: nothing touches a disk.

Known from fileless malware; memfd_create(2) and execveat(2).
"""

# act: spawn
# needs: x86_64

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(319, b'program', 0)
script = f'#!/bin/sh\necho > {SCRATCH}/spawned\n'.encode()
libc.write(fd, script, len(script))
words = (ctypes.c_char_p * 2)(b'program', None)
print(libc.syscall(322, fd, b'', words, None, 0x1000))
