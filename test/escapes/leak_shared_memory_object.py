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

"""Leave a POSIX shared memory object, which outlives its maker."""

# act: leak

import ctypes
import mmap

library = ctypes.CDLL(None, use_errno=True)
fd = library.shm_open(b'/escape-left', 0o102, 0o600)
print(fd, library.ftruncate(fd, ctypes.c_long(4096)))
with mmap.mmap(fd, 4096) as memory:
    memory[:len(PRIVATE)] = PRIVATE.encode()
# %% next session
import ctypes
import os

library = ctypes.CDLL(None, use_errno=True)
fd = library.shm_open(b'/escape-left', 0, 0)
print(os.read(fd, 64))
library.shm_unlink(b'/escape-left')
