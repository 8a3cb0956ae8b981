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

"""Send descriptors along with bytes, by the hundred, for the host to drown in."""

# act: deny

import array
import os
import socket

wire = socket.socket(fileno=os.dup(3))
held = [os.dup(0) for _ in range(40)]
for _ in range(2000):
    wire.sendmsg([b'\x01\x00\x00\x00\xc0'],
                 [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', held))])
while True:
    pass
