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

"""Hang an attribute onto a file: path-based sandboxes often leave extended attributes out."""

# act: write

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
path = SECRET_FILE.encode()
for function in (libc.setxattr, libc.lsetxattr):
    print(function(path, b'user.escape', b'out', 3, 0), ctypes.get_errno())
