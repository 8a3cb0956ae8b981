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

"""Leave a process that serves what it knows to whoever asks.

It starts a session of its own, so that no process group reaches it.
"""

# act: leak

import os
import signal
import socket

if os.fork() == 0:
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    signal.alarm(8)
    server = socket.socket(socket.AF_UNIX)
    server.bind('\0escape-orphan')
    server.listen()
    guest, _ = server.accept()
    guest.sendall(PRIVATE.encode())
    os._exit(0)
os.wait()
# %% neighbour
import socket
import time

time.sleep(0.2)
guest = socket.socket(socket.AF_UNIX)
guest.connect('\0escape-orphan')
print(guest.recv(64))
