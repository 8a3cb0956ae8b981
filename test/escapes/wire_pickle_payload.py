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

"""Send pickled objects in every field that takes bytes, for a host that would unpickle them.

`__reduce__` names what is called then: CWE-502.
"""

# act: spawn
# held by: host, nothing that comes is unpickled

import os
import pickle
import struct

import msgspec


class Payload:
    def __reduce__(self):
        return os.system, (f'echo > {SCRATCH}/spawned',)


data = pickle.dumps(Payload(), 2)
ReturnAnswer(data.decode('latin-1'))
for message in (
        {'type': 'shown', 'label': '', 'height': 1, 'width': len(data) // 3,
         'data': data[:len(data) // 3 * 3]},
        {'type': 'tool_request', 'tool': 'exists', 'args': {'object_name': data.decode('latin-1')},
         'arrays': [{'name': 'image', 'dtype': '|u1', 'shape': [len(data)], 'data': data}]},
        {'type': 'tool_request', 'tool': 'exists', 'args': {'object_name': 'x'},
         'arrays': [{'name': 'image', 'dtype': '|O8', 'shape': [1], 'data': data[:8]}]}):
    packed = msgspec.msgpack.encode(message)
    os.write(3, struct.pack('<I', len(packed)) + packed)
