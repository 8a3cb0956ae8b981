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

"""Open a file through the C library, past Python's own functions.

`ctypes.CDLL(None)` gives every function that the interpreter is linked with.
"""

# act: read

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.open(SECRET_FILE.encode(), 0)
buffer = ctypes.create_string_buffer(4096)
count = libc.read(fd, buffer, 4096)
print(buffer.raw[:max(0, count)])
