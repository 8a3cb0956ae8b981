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

"""Fill the memory file system with files."""

# act: deny
import os
import time

names = [f'/dev/shm/escape-bomb-{number}' for number in range(5)]
try:
    for name in names:
        with open(name, 'wb') as file:
            for _ in range(200):
                file.write(bytes(1 << 20))
    time.sleep(0.5)
finally:
    for name in names:
        if os.path.exists(name):
            os.unlink(name)
