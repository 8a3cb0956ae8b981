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

"""Forge what a replay is made of: a cell's end that says that the clocks it read stood still.

The cell waits for a moment to come; where it runs again, with those clocks, it never does.
"""

# act: deny
# held by: clock

import os
import struct
import time

import msgspec

began_ns = time.monotonic_ns()
while time.monotonic_ns() < began_ns + 10**7:
    pass
data = msgspec.msgpack.encode({
    'type': 'cell_done', 'cell': 2, 'stdout': '', 'error': None, 'variables': [], 'answer': None,
    'clock': [2**62] + [0] * 4096})
view = memoryview(struct.pack('<I', len(data)) + data)
while view:
    view = view[os.write(3, view):]
time.sleep(60)
# %%
print(began_ns)
