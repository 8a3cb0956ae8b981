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

"""Watch a folder (F_NOTIFY) in another process's name: every look into it signals that one."""

# act: signal

import fcntl
import os

F_SETSIG, DN_ACCESS, DN_MULTISHOT = 10, 1, 1 << 31
for folder in (SCRATCH, os.path.dirname(os.__file__)):
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.fcntl(fd, F_SETSIG, 12)
        fcntl.fcntl(fd, fcntl.F_NOTIFY, DN_ACCESS | DN_MULTISHOT - (1 << 32))
        fcntl.fcntl(fd, fcntl.F_SETOWN, VICTIM_PID)
        name = f'{folder}/existing.txt' if folder == SCRATCH else f'{folder}/this.py'
        with open(name) as file:
            file.read(10)
    except OSError as error:
        print(error)
