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

"""Raise the limits that were set, by each of the calls that can."""

# act: write
# needs: x86_64

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
endless = struct.pack('2Q', 2**64 - 1, 2**64 - 1)
for kind in (0, 1, 2, 4, 6, 7, 9):
    print(kind, libc.syscall(160, kind, endless), libc.syscall(302, 0, kind, endless, None))
with open(f'{SCRATCH}/raised', 'wb') as file:
    file.write(b'out')
