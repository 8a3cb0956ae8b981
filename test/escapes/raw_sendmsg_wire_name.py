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

"""Send from the inherited wire to another socket's name, since the wire is a socket already."""

# act: connect

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.fcntl(3, 0, 10)
libc.shutdown(fd, 2)
name = struct.pack('H', 1) + ABSTRACT_SOCKET.encode()
print(libc.connect(fd, name, len(name)), ctypes.get_errno())
where = struct.pack('<H', 2) + struct.pack('>H', PORT) + bytes((127, 0, 0, 1)) + bytes(8)
again = libc.socket(2, 1, 0)
print(libc.connect(again, where, 16))
