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

"""Walk through all process numbers and read what can be read of each."""

# act: environment

import os

for pid in sorted({*range(1, 400), *range(HOST_PID - 50, HOST_PID + 300)}):
    for name in ('environ', 'cmdline'):
        try:
            fd = os.open(f'/proc/{pid}/{name}', os.O_RDONLY)
            text = os.read(fd, 65536)
            os.close(fd)
        except OSError:
            continue
        if ENVIRONMENT_NAME.encode() in text:
            print(text)
