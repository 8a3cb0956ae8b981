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

"""Start a program with the C library's posix_spawn, which needs no fork of Python's."""

# act: spawn

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
words = (ctypes.c_char_p * 4)(b'sh', b'-c', f'echo > {SCRATCH}/spawned'.encode(), None)
pid = ctypes.c_int()
print(libc.posix_spawn(ctypes.byref(pid), b'/bin/sh', None, None, words, None))
libc.waitpid(pid, None, 0)
