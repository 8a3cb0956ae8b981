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

"""Clone a piece of the file tree as a detached mount, and open files below its descriptor."""

# act: read
# needs: root

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
OPEN_TREE_CLONE = 1
for number in (428, 467):
    tree = libc.syscall(number, -100, SECRETS.encode(), OPEN_TREE_CLONE, None, 0)
    print(tree, ctypes.get_errno())
    if tree >= 0:
        fd = os.open('secret.txt', os.O_RDONLY, dir_fd=tree)
        print(os.read(fd, 4096))
