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

"""Signal a single thread of another process: tkill and tgkill."""

# act: signal
# needs: x86_64

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(200, VICTIM_PID, 10), libc.syscall(234, VICTIM_PID, VICTIM_PID, 12))
