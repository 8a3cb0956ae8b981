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

"""Start threads in the C library, which Python never counts."""

# act: deny

import ctypes
import time

libc = ctypes.CDLL(None, use_errno=True)
attributes, thread = ctypes.create_string_buffer(64), ctypes.c_ulong()
libc.pthread_attr_init(attributes)
libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(16384))
pause = ctypes.cast(libc.sleep, ctypes.c_void_p)
for _ in range(2000):
    if libc.pthread_create(ctypes.byref(thread), attributes, pause, ctypes.c_void_p(2)) != 0:
        break
time.sleep(0.5)
