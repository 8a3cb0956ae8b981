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

"""Swap the constants of a function so that the path it opens is another one."""

# act: write

def save():
    with open('memory', 'r') as file:
        return file


consts = tuple({'memory': SCRATCH + '/consts.txt', 'r': 'w'}.get(c, c)
               for c in save.__code__.co_consts)
save.__code__ = save.__code__.replace(co_consts=consts)
save()
