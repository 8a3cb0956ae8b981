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

"""Leave a file wherever temporary files are kept, the memory file system among them."""

# act: leak

import os
import tempfile

for folder in ('/tmp', '/var/tmp', '/dev/shm', '/run', tempfile.gettempdir()):
    try:
        with open(f'{folder}/escape-left', 'w') as file:
            file.write(PRIVATE)
    except OSError as error:
        print(error)
# %% next session
import os

for folder in ('/tmp', '/var/tmp', '/dev/shm', '/run'):
    try:
        with open(f'{folder}/escape-left') as file:
            print(file.read())
        os.unlink(f'{folder}/escape-left')
    except OSError as error:
        print(error)
