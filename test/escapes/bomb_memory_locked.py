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

"""Lock a gigabyte of memory, so that it can not be moved out."""

# act: deny

import ctypes
import mmap
import time

libc = ctypes.CDLL(None, use_errno=True)
block = mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
held = np.frombuffer(block, np.uint8)
held[::4096] = 1
address = ctypes.c_void_p(held.__array_interface__['data'][0])
print(libc.mlock(address, ctypes.c_size_t(1 << 30)), libc.mlockall(3), ctypes.get_errno())
time.sleep(0.5)
