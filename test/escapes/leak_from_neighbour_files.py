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

"""The neighbour's descriptors and mapped files by their names in `/proc`."""

# act: leak
# needs: tracing

import glob
import os

for path in glob.glob(f'/proc/{NEIGHBOUR_PID}/fd/*') + glob.glob(
        f'/proc/{NEIGHBOUR_PID}/map_files/*') + [f'/proc/{NEIGHBOUR_PID}/mem']:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 'rb', 0) as file:
            if path.endswith('mem'):
                file.seek(NEIGHBOUR_ADDRESS)
                print(path, file.read(100))
    except OSError as error:
        print(path[-20:], error.errno)
