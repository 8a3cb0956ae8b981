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

"""Send a signal from a thread made for it, by pthread_kill and by a timer of the C library."""

# act: signal

import ctypes
import os
import signal
import threading

libc = ctypes.CDLL(None, use_errno=True)


def send():
    print(libc.kill(VICTIM_PID, signal.SIGUSR1), libc.sigqueue(VICTIM_PID, signal.SIGUSR2, None))
    print(os.getpid(), threading.get_native_id())


thread = threading.Thread(target=send)
thread.start()
thread.join()
