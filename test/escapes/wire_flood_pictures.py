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

"""Send pictures past the bound that the worker keeps, and none that it checks."""

# act: deny
# held by: host, pictures of a cell are counted

import os
import struct

import msgspec

data = msgspec.msgpack.encode({
    'type': 'shown', 'label': '', 'height': 1000, 'width': 4000, 'data': bytes(12_000_000)})
whole = struct.pack('<I', len(data)) + data
for _ in range(300):
    view = memoryview(whole)
    while view:
        view = view[os.write(3, view):]
