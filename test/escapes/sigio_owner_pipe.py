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

"""Let the kernel send the signal: make another process the owner of a pipe that gets readable.

F_SETOWN, F_SETSIG and O_ASYNC of fcntl(2); no call that sends signals is made.
"""

# act: signal

import fcntl
import os

F_SETSIG = 10
reader, writer = os.pipe()
for pid, number in ((VICTIM_PID, 12), (HOST_PID, 12)):
    fcntl.fcntl(reader, fcntl.F_SETOWN, pid)
    fcntl.fcntl(reader, F_SETSIG, number)
    fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(writer, b'x')
    os.read(reader, 1)
