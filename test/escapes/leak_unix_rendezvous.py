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

"""Let two queries that run at once meet at an abstract socket and talk."""

# act: leak

import socket
import threading

server = socket.socket(socket.AF_UNIX)
server.bind('\0escape-meeting')
server.listen()
heard = []
threading.Thread(target=lambda: heard.append(server.accept()[0].recv(64)), daemon=True).start()
# %% neighbour
import socket

guest = socket.socket(socket.AF_UNIX)
guest.connect('\0escape-meeting')
guest.sendall(private.encode())
guest.close()
# %%
import time

time.sleep(0.2)
print(heard)
