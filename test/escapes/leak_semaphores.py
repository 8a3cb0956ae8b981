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

"""Leave the text in the values of System V semaphores, one letter each."""

# act: leak

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
SETVAL = 16
semaphores = libc.semget(0x5ca1ab1f, len(PRIVATE), 0o1600)
if semaphores < 0:
    raise OSError(ctypes.get_errno(), 'semget')
for place, letter in enumerate(PRIVATE):
    libc.semctl(semaphores, place, SETVAL, ord(letter))
# %% next session
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
GETVAL, REMOVE = 12, 0
semaphores = libc.semget(0x5ca1ab1f, 0, 0)
if semaphores < 0:
    raise OSError(ctypes.get_errno(), 'semget')
print(''.join(chr(max(0, libc.semctl(semaphores, place, GETVAL))) for place in range(32)))
libc.semctl(semaphores, 0, REMOVE)
