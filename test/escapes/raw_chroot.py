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

"""Change the root folder to that of the secrets, and open the file by its short name."""

# act: read
# needs: root

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
if libc.chroot(SECRETS.encode()) != 0:
    raise OSError(ctypes.get_errno(), 'chroot')
os.chdir('/')
print(open('/secret.txt').read())
