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

"""The same with F_SETOWN_EX, which names a thread, a process or a group."""

# act: signal

import fcntl
import os
import struct

F_SETOWN_EX, F_SETSIG, F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP = 15, 10, 0, 1, 2
reader, writer = os.pipe()
for kind in (F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP):
    fcntl.fcntl(reader, F_SETOWN_EX, struct.pack('ii', kind, VICTIM_PID))
    fcntl.fcntl(reader, F_SETSIG, 10)
    fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(writer, b'x')
    os.read(reader, 1)
