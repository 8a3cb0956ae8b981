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


"""Fresh arrays may hold what somebody freed: look for the first session's text in them.

Heartbleed's lesson.
"""
# act: leak

many = [PRIVATE.encode() * 1000 for _ in range(200)]
del many
# %% next session
found = {np.empty(size, np.uint8).tobytes() for size in (100, 4096, 70000, 10 ** 6, 10 ** 7)}
print([piece[place:place + 60] for piece in found
       if (place := piece.find(b'private-')) >= 0])
