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

"""Send a datagram with the C library's sendto, without connecting."""

# act: connect

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.socket(2, 2, 0)
where = struct.pack('<H', 2) + struct.pack('>H', UDP_PORT) + bytes((127, 0, 0, 1)) + bytes(8)
print(libc.sendto(fd, b'out', 3, 0, where, 16))
