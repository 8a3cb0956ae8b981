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

"""Announce a message of four gigabytes, and one that is just allowed, and send neither."""

# act: deny
# held by: clock

import os
import struct

os.write(3, struct.pack('<I', 64 * 1024 * 1024) + b'x')
# %%
import os
import struct

os.write(3, struct.pack('<I', 2**32 - 1) + b'x' * 1000)
# %%
import os
import struct

os.write(3, struct.pack('<I', 0))
