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

"""Answer with tens of millions of points and texts of megabytes."""

# act: deny
# held by: host, an answer has a longest text and a most of points

points = np.ones((20_000_000, 3), np.float32)
ReturnAnswer('x' * (50 << 20), unit='m' * (1 << 20), frame='f' * (1 << 20), points=points)
