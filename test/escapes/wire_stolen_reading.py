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

"""Read the wire from threads, so that the host's messages reach nobody.

They are not started when the cell is run again after a death.
"""

# act: deny
# held by: host, a worker that does not answer, or breaks, is replaced

import os
import sys
import threading


def replaying():
    frame = sys._getframe()
    while frame is not None:
        if any(getattr(value, 'replay', False) is True for value in frame.f_locals.values()):
            return True
        frame = frame.f_back
    return False


def steal():
    while True:
        if not os.read(3, 1):
            return


for _ in range(0 if replaying() else 3):
    threading.Thread(target=steal, daemon=True).start()
# %%
print(tools.SAM3.is_object_exist(InputImages, 'mug'))
