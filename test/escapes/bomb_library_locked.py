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

"""Take leases and locks on files that other processes must read, so that they wait.

A process that opens a leased file waits until the lease is broken, 45 s as a rule: fcntl(2).
"""

# act: deny

import fcntl
import os
import signal

held = []
signal.signal(signal.SIGIO, signal.SIG_IGN)
for name in ('this.py', 'colorsys.py', '__pycache__/colorsys.cpython-311.pyc', 'antigravity.py'):
    try:
        fd = os.open(f'{os.path.dirname(os.__file__)}/{name}', os.O_RDONLY)
        held.append(fd)
        fcntl.flock(fd, fcntl.LOCK_EX)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError as error:
        print(error)
# %% neighbour
import os
import time

began = time.monotonic()
with open(f'{os.path.dirname(os.__file__)}/this.py') as file:
    file.read(100)
print(time.monotonic() - began)
