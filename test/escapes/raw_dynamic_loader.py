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

"""Start a program through the dynamic loader, as one does where a file may not be executed."""

# act: spawn

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
for loader in (b'/lib64/ld-linux-x86-64.so.2', b'/lib/ld-linux-aarch64.so.1'):
    words = (ctypes.c_char_p * 5)(
        loader, b'/bin/sh', b'-c', f'echo > {SCRATCH}/spawned'.encode(), None)
    libc.execve(loader, words, None)
