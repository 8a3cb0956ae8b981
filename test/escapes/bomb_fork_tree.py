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

"""Let every child fork again, each in a session of its own, so that no group holds them all."""

# act: deny

import os
import time

for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        time.sleep(0.05)
time.sleep(1.5)
if os.getsid(0) != os.getpid() or os.getppid() != ZYGOTE_PID:
    os._exit(0)
