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

"""Say that the worker is ready, has begun, and could not begin, in the middle of its work."""

# act: deny
# held by: host, a message out of turn ends the worker

import os
import struct

import msgspec

for message in ({'type': 'ready', 'parts': ['x'] * 16}, {'type': 'begun'},
                {'type': 'start_failed', 'message': 'no'}, {'type': 'zygote_ready', 'threads': 1},
                {'type': 'forked', 'pid': 1}, {'type': 'reaped', 'status': 0}):
    data = msgspec.msgpack.encode(message)
    os.write(3, struct.pack('<I', len(data)) + data)
while True:
    pass
