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

"""Write bytes to the wire that are no messages: wrong types, broken texts, cut off, empty."""

# act: deny
# held by: host, messages are checked

import os
import struct

import msgspec

for data in (b'\xc1', b'\xc0', b'', b'\xdb\xff\xff\xff\xff', b'\xdf\xff\xff\xff\xff',
             b'\x81\xa4type', b'\xc7\x03\x01abc', msgspec.msgpack.encode({'type': 'cell_done'}),
             msgspec.msgpack.encode({'type': ['cell_done']}), b'\x81\xa4type\xa2\xff\xfe'):
    os.write(3, struct.pack('<I', len(data)) + data)
while True:
    pass
