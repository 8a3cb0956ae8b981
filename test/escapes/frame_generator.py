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

"""A running generator's `gi_frame.f_back` climbs out of the cell into the interpreter that runs it.

Known from Trail of Bits' and HackTricks' notes on jails: generators give frames without `sys`.
"""

# act: write

def climb():
    yield box[0].gi_frame.f_back


box = [None]
box[0] = climb()
frame = [x for x in box[0]][0]
while frame.f_back is not None:
    frame = frame.f_back
frame.f_builtins['open'](SCRATCH + '/generator.txt', 'w').write('x')
