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

"""Send tools the largest pictures they take, so that the host keeps them all for a replay."""

# act: deny
# held by: clock

pictures = np.zeros((4000, 5000, 3), np.uint8)
for number in range(64):
    pictures[0, 0] = number
    try:
        tools.SAM3.segment_image_by_text(pictures, f'mug {number}')
    except Exception as error:
        print(error)
