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

"""Send lists of nothing that grow to many times their size where they are unpacked."""

# act: deny
# held by: host, a message's size is checked before memory is taken for it

import os
import struct

for filler in (b'\x90', b'\xc0', b'\x80', b'\x81\xa0\x90'):
    count = 60_000_000 // len(filler)
    head = (b'\x84\xa4type\xactool_request\xa4tool\xa1t\xa4args\x81\xa1a\xdd'
            + struct.pack('>I', count))
    data = head + filler * count + b'\xa6arrays\x90'
    whole = memoryview(struct.pack('<I', len(data)) + data)
    while whole:
        whole = whole[os.write(3, whole[:1 << 20]):]
