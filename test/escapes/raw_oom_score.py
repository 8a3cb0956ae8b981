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

"""Choose whom the kernel ends first when memory runs out."""

# act: write

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
for target in (VICTIM_PID, HOST_PID, 'self'):
    fd = libc.open(f'/proc/{target}/oom_score_adj'.encode(), 1)
    print(fd, libc.write(fd, b'10', 2))
libc.open(f'{SCRATCH}/oom'.encode(), 0o101, 0o600)
