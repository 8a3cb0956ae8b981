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

"""Signal the host's whole process group, and another one, by a negative number.

Number 18 (SIGCONT) does no harm to those who run.
"""

# act: signal
# needs: x86_64

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
print(libc.killpg(os.getpgid(HOST_PID), 18), libc.kill(-os.getpgid(VICTIM_PID), 18),
      libc.syscall(62, -VICTIM_PID, 18))
