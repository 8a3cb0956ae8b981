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

"""Send descriptors along with bytes, by the hundred, for the host to drown in.

The bytes are a tool call, one at a time, each with as many descriptors as go with it.
"""

# act: deny
# held by: host, descriptors that come along are not taken

import array
import os
import socket
import struct

import msgspec

wire = socket.socket(fileno=os.dup(3))
held = array.array('i', [os.dup(0) for _ in range(40)])
data = msgspec.msgpack.encode({
    'type': 'tool_request', 'tool': 'nothing', 'args': {'a': 'x' * 1500}, 'arrays': []})
for byte in struct.pack('<I', len(data)) + data:
    wire.sendmsg([bytes([byte])], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, held)])
print(len(wire.recv(1 << 16)))
