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

"""Read with fopen and fgets out of `ctypes.pythonapi`, without loading any library."""

# act: read

import ctypes

api = ctypes.pythonapi
api.fopen.restype = ctypes.c_void_p
api.fgets.restype = ctypes.c_char_p
api.fgets.argtypes = (ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)
stream = api.fopen(SECRET_FILE.encode(), b'r')
if stream:
    print(api.fgets(ctypes.create_string_buffer(4096), 4096, stream))
