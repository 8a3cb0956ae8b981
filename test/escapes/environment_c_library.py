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

"""Read the environment by the C library: getenv, secure_getenv, and the array itself."""

# act: environment

import ctypes

libc = ctypes.CDLL(None)
libc.getenv.restype = libc.secure_getenv.restype = ctypes.c_char_p
print(libc.getenv(ENVIRONMENT_NAME.encode()), libc.secure_getenv(ENVIRONMENT_NAME.encode()))
for name in ('environ', '__environ', '_environ'):
    array = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, name)
    place = 0
    while array and array[place]:
        print(array[place])
        place += 1
