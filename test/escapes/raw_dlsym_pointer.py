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

"""Call a bare address that `_ctypes.dlsym` gives, with no library object between."""

# act: read

import _ctypes
import ctypes

handle = _ctypes.dlopen(None, 2)
opener = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int)(
    _ctypes.dlsym(handle, 'open64'))
reader = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)(
    _ctypes.dlsym(handle, 'read'))
fd = opener(SECRET_FILE.encode(), 0)
buffer = ctypes.create_string_buffer(4096)
count = reader(fd, buffer, 4096)
print(buffer.raw[:max(0, count)])
