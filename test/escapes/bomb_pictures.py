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

"""Show more and larger pictures than anybody looks at."""

# act: deny
# held by: host, pictures of a cell are counted

picture = np.zeros((8000, 8000, 3), np.uint8)
for number in range(10_000):
    try:
        show(picture, label='x' * 100_000)
    except ValueError:
        plt.figure(figsize=(30, 30), dpi=100)
        plt.show()
