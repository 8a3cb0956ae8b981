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

"""Walk the attributes of what is in scope until some module named `io` comes."""

# act: read

queue, seen = [np, plt, scipy, collections, functools], set()
while queue:
    thing = queue.pop(0)
    for value in list(vars(thing).values()):
        if type(value) is type(np) and value.__name__ not in seen:
            seen.add(value.__name__)
            queue.append(value)
            if value.__name__ == 'io':
                print(value.open(SECRET_FILE).read())
                queue.clear()
                break
