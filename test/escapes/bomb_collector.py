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

"""Fill the collector with cycles that come back to life each time."""

# act: deny
# held by: clock

import gc

gc.set_threshold(1)
alive = []


class Cycle:
    def __init__(self):
        self.me = self

    def __del__(self):
        alive.append(Cycle())
        self.again = Cycle()


for _ in range(10**7):
    Cycle()
