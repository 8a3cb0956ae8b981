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

"""Find another process's environment in its memory: /proc/PID/stat says where."""

# act: environment
# needs: tracing

for pid in (HOST_PID, VICTIM_PID):
    with open(f'/proc/{pid}/stat') as file:
        fields = file.read().rpartition(')')[2].split()
    start, end = int(fields[47]), int(fields[48])
    with open(f'/proc/{pid}/mem', 'rb', buffering=0) as memory:
        memory.seek(start)
        print(memory.read(end - start))
