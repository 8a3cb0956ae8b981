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

"""Leave a file among the compiled modules, where the zygote looks when it starts the next time."""

# act: leak

import os

folder = os.path.dirname(os.__file__)
for name in (f'{folder}/__pycache__/escape_left.pyc', f'{folder}/escape_left.txt'):
    try:
        with open(name, 'w') as file:
            file.write(PRIVATE)
    except OSError as error:
        print(error)
# %% next session
import os

folder = os.path.dirname(os.__file__)
for name in (f'{folder}/__pycache__/escape_left.pyc', f'{folder}/escape_left.txt'):
    try:
        with open(name) as file:
            print(file.read())
        os.unlink(name)
    except OSError as error:
        print(error)
