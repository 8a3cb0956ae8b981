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

"""Send a message that is nested deeper than a decoder's stack."""

# act: deny
# held by: host, messages are checked, and how deep they go

import os
import struct

for opening, closing in ((b'\x91', b'\xc0'), (b'\x81\xa1a', b'\xc0')):
    inner = opening * 1_000_000 + closing
    data = b'\x84\xa4type\xactool_request\xa4tool\xa1t\xa4args\x81\xa1a' + inner + b'\xa6arrays\x90'
    try:
        for start in range(0, len(data) + 4, 1 << 16):
            os.write(3, (struct.pack('<I', len(data)) + data)[start:start + (1 << 16)])
    except OSError as error:
        print(error)
while True:
    pass
