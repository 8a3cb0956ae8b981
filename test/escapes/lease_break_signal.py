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

"""Take a lease on a file and make another process its owner: opening the file signals that one."""

# act: signal

import fcntl
import os

F_SETSIG = 10
for folder in (SCRATCH, os.path.dirname(os.__file__)):
    name = f'{folder}/existing.txt' if folder == SCRATCH else f'{folder}/this.py'
    try:
        fd = os.open(name, os.O_RDONLY)
        fcntl.fcntl(fd, fcntl.F_SETOWN, VICTIM_PID)
        fcntl.fcntl(fd, F_SETSIG, 12)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(fd, fcntl.F_SETOWN, VICTIM_PID)
        os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        print(error)
