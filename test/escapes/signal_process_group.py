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

"""Move into another process group, so that signals to one's own group reach others."""

# act: signal

import os
import signal

for group in (os.getpgid(VICTIM_PID), os.getpgid(HOST_PID), os.getpgid(ZYGOTE_PID)):
    try:
        os.setpgid(0, group)
    except OSError as error:
        print(error)
signal.signal(signal.SIGCONT, signal.SIG_IGN)
os.killpg(os.getpgid(HOST_PID), signal.SIGCONT)
os.killpg(os.getpgid(VICTIM_PID), signal.SIGCONT)
