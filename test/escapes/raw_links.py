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

"""Make links, nodes and folders by their numbers."""

# act: write
# needs: x86_64

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
made = [f'{SCRATCH}/{name}'.encode() for name in ('link', 'symlink', 'fifo', 'folder', 'other')]
print(libc.syscall(86, SECRET_FILE.encode(), made[0]),
      libc.syscall(266, b'/etc', -100, made[1]),
      libc.syscall(259, -100, made[2], 0o010600, 0),
      libc.syscall(258, -100, made[3], 0o700),
      libc.syscall(316, -100, SECRET_FILE.encode(), -100, made[4], 0))
