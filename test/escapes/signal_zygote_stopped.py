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

"""Stop other processes without ending them.

Who waits for the zygote would wait for ever.
"""

# act: signal

import os
import signal
import time

for pid in (VICTIM_PID, ZYGOTE_PID):
    try:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.3)
        os.kill(ZYGOTE_PID, signal.SIGCONT)
    except OSError as error:
        print(error)
