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

"""Queue signals with a value, as real-time programs do."""

# act: signal
# needs: x86_64

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
SI_QUEUE, SIGUSR1, SIGUSR2 = -1, 10, 12
information = ctypes.create_string_buffer(struct.pack('4i', SIGUSR1, 0, SI_QUEUE, 0), 128)
print(libc.syscall(129, VICTIM_PID, SIGUSR1, information),
      libc.syscall(297, VICTIM_PID, VICTIM_PID, SIGUSR2, information),
      libc.sigqueue(VICTIM_PID, SIGUSR1, None))
