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

"""Leave a key in the user's keyring, which belongs to all processes of the user."""

# act: leak
# needs: x86_64

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
ADD_KEY, KEYCTL, USER_KEYRING, SET_TIMEOUT, SET_PERMISSIONS = 248, 250, -4, 15, 5
key = libc.syscall(ADD_KEY, b'user', b'escape-left', PRIVATE.encode(),
                   ctypes.c_size_t(len(PRIVATE)), USER_KEYRING)
if key < 0:
    raise OSError(ctypes.get_errno(), 'add_key')
print(libc.syscall(KEYCTL, SET_PERMISSIONS, key, 0x3f3f0000))
print(libc.syscall(KEYCTL, SET_TIMEOUT, key, 60))
# %% next session
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
KEYCTL, USER_KEYRING, SEARCH, READ, UNLINK = 250, -4, 10, 11, 9
key = libc.syscall(KEYCTL, SEARCH, USER_KEYRING, b'user', b'escape-left', 0)
if key < 0:
    raise OSError(ctypes.get_errno(), 'keyctl')
buffer = ctypes.create_string_buffer(128)
print(libc.syscall(KEYCTL, READ, key, buffer, ctypes.c_long(128)), buffer.value)
libc.syscall(KEYCTL, UNLINK, key, USER_KEYRING)
