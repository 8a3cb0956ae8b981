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

"""Ask the host to do something by the signal that a handler of its waits for."""

# act: signal

import os
import signal

for pid in (HOST_PID, VICTIM_PID):
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        try:
            os.kill(pid, number)
        except OSError as error:
            print(error)
