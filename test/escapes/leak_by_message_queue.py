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

"""A named pipe: one session holds it open, the session beside it reads."""

# act: leak

import os

os.mkfifo(SCRATCH + '/queue')
fd = os.open(SCRATCH + '/queue', os.O_RDWR)
os.write(fd, (SCRATCH + '\n' + PRIVATE).encode())
# %% neighbour
import glob
import os
import tempfile

for path in glob.glob(tempfile.gettempdir() + '/escapes-*/scratch/queue'):
    near = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    print(os.read(near, 200))
    os.close(near)
