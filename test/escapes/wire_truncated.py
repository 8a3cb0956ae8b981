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

"""Send half of a message and close the wire, so that nobody knows whether more will come."""

# act: deny
# held by: host, a worker without its wire is replaced

import os
import struct

os.write(3, struct.pack('<I', 1000) + b'x' * 500)
os.close(3)
while True:
    pass
