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

"""Push another process to the back of the queue: priority, processors, scheduling class."""

# act: signal
# needs: x86_64

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
print(libc.setpriority(0, VICTIM_PID, 15), libc.setpriority(1, os.getpgid(VICTIM_PID), 15))
print(libc.sched_setaffinity(VICTIM_PID, 8, struct.pack('Q', 1)))
print(libc.sched_setscheduler(VICTIM_PID, 5, struct.pack('i', 0)))
print(libc.syscall(251, 1, VICTIM_PID, 3 << 13))
