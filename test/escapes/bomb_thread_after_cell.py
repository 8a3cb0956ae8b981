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

"""Leave threads that burn processor time when the cell is over, and spoil what comes later."""

# act: deny
# held by: host, a thread burns the worker's own processor time, at a lower priority

import threading
import time


def burn():
    while True:
        sum(range(10_000))


def spoil():
    while True:
        time.sleep(0.05)
        np.mean = print
        print('from a thread')


for target in (burn, burn, burn, spoil):
    threading.Thread(target=target, daemon=True).start()
# %%
import time

time.sleep(0.5)
print(sum(range(1000)))
