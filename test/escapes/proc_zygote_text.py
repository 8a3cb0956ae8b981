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

"""Leave a text in the zygote's memory through /proc, to be found in every later worker."""

# act: write
# needs: tracing

with open(f'/proc/{ZYGOTE_PID}/stat') as file:
    fields = file.read().rpartition(')')[2].split()
with open(f'/proc/{ZYGOTE_PID}/mem', 'r+b', buffering=0) as memory:
    memory.seek(int(fields[47]))
    memory.write(b'LEFT=behind')
with open(f'{SCRATCH}/written', 'w') as file:
    file.write('x')
