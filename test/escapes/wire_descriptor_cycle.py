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

"""Send the wire through itself, which only the kernel's collector of lost sockets can end."""

# act: deny
# held by: host, descriptors that come along are not taken

import os
import socket

wire = socket.socket(fileno=os.dup(3))
try:
    ends = socket.socketpair()
except OSError:
    ends = (wire, wire)
for _ in range(200):
    socket.send_fds(ends[0], [b'\x05\x00\x00\x00\xc0\xc0\xc0\xc0\xc0'],
                    [ends[0].fileno(), ends[1].fileno(), 3])
