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

"""Fork by call number; the child writes a file so that it is seen."""

# act: spawn
# needs: x86_64

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
pid = libc.syscall(57)
if pid == 0:
    fd = libc.open(f'{SCRATCH}/spawned'.encode(), 0o101, 0o600)
    os._exit(0)
if pid > 0:
    os.waitpid(pid, 0)
