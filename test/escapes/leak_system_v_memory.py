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

"""Leave a System V shared memory segment under a number that the next query knows."""

# act: leak

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
segment = libc.shmget(0x5ca1ab1e, 4096, 0o1600)
if segment < 0:
    raise OSError(ctypes.get_errno(), 'shmget')
ctypes.memmove(libc.shmat(segment, None, 0), PRIVATE.encode(), len(PRIVATE))
# %% next session
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
segment = libc.shmget(0x5ca1ab1e, 4096, 0)
if segment < 0:
    raise OSError(ctypes.get_errno(), 'shmget')
print(ctypes.string_at(libc.shmat(segment, None, 0), 64))
libc.shmctl(segment, 0, None)
