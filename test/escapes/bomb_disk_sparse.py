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

"""Make a file that says it is enormous, and reserve room for it."""

# act: write

import os

fd = os.open(f'{SCRATCH}/sparse', os.O_CREAT | os.O_RDWR)
try:
    os.posix_fallocate(fd, 0, 1 << 23)
except OSError as error:
    print(error)
os.ftruncate(fd, 1 << 27)
