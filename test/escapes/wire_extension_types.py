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

"""Send extension types, timestamps out of range, numbers that are none, and doubled names."""

# act: deny
# held by: host, messages are checked

import os
import struct

import msgspec

encode = msgspec.msgpack.encode
fields = [encode(text) for text in ('type', 'tool_request', 'tool', 't', 'args')]
values = [b'\xd6\xff\xff\xff\xff\xff', b'\xc7\x0c\xff' + b'\xff' * 12, b'\xd4\x05x',
          b'\xcb\x7f\xf8' + bytes(6), b'\xcf' + b'\xff' * 8, b'\xd3\x80' + bytes(7), b'\xc4\x01x']
for value in values:
    data = (b'\x84' + b''.join(fields) + b'\x82\xa1a' + value + b'\xa1a' + value
            + encode('arrays') + b'\x90')
    os.write(3, struct.pack('<I', len(data)) + data)
while True:
    pass
