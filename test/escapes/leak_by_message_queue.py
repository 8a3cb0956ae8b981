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


"""A pipe in the file system and a process that holds it open."""
# act: leak

import os

os.mkfifo(SCRATCH + '/queue')
if os.fork() == 0:
    os.setsid()
    fd = os.open(SCRATCH + '/queue', os.O_RDWR)
    os.write(fd, PRIVATE.encode())
    import time
    time.sleep(2)
    os._exit(0)
# %% next session
import os
import time

time.sleep(0.3)
print(os.read(os.open(SCRATCH + '/queue', os.O_RDONLY | os.O_NONBLOCK), 200))
