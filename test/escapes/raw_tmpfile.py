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

"""Make a file without a name (O_TMPFILE), and give it one afterwards."""

# act: write

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.open(SCRATCH.encode(), os.O_TMPFILE | os.O_RDWR, 0o600)
libc.write(fd, b'out', 3)
AT_EMPTY_PATH, AT_SYMLINK_FOLLOW = 0x1000, 0x400
name = f'{SCRATCH}/named'.encode()
if libc.linkat(fd, b'', -100, name, AT_EMPTY_PATH) != 0:
    libc.linkat(-100, f'/proc/self/fd/{fd}'.encode(), -100, name, AT_SYMLINK_FOLLOW)
