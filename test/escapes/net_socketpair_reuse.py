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

"""Take a descriptor that is a socket already, disconnect it, and connect it elsewhere.

A connected unix socket can't be; the wire's descriptor is tried all the same.
"""

# act: connect

import os
import socket
import stat

for fd in range(3, 64):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            found = socket.socket(fileno=os.dup(fd))
            found.connect(UNIX_SOCKET)
    except OSError as error:
        print(fd, error)
other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
other.sendto(b'x', UNIX_DATAGRAM)
