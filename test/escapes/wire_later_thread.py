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

"""Let a thread live on that ends the cells of later turns before they have run.

It keeps still when the cell is run again after a death, as somebody would who is to be trusted.
"""

# act: deny
# held by: host, a message out of turn ends the worker

import os
import struct
import sys
import threading
import time

import msgspec


def replaying():
    frame = sys._getframe()
    while frame is not None:
        if any(getattr(value, 'replay', False) is True for value in frame.f_locals.values()):
            return True
        frame = frame.f_back
    return False


def end_others():
    for number in range(2, 10):
        data = msgspec.msgpack.encode({
            'type': 'cell_done', 'cell': number, 'stdout': 'from a thread', 'error': None,
            'variables': [], 'answer': None, 'clock': []})
        os.write(3, struct.pack('<I', len(data)) + data)
        time.sleep(0.02)


if not replaying():
    threading.Thread(target=end_others, daemon=True).start()
# %%
import time

time.sleep(0.3)
# %%
import time

time.sleep(0.3)
