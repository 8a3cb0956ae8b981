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

"""Make variables that are large, deep and wide at once."""

# act: deny
# held by: host, summaries are cut short

wide = {str(number): list(range(50)) for number in range(30_000)}
deep = []
for _ in range(100_000):
    deep = [deep]
long = 'x' * (100 << 20)
large = np.ones((5000, 5000), np.float64)
cycle = []
cycle.append(cycle)
