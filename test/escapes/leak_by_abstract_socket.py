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


"""A process that stays behind and answers the next session on an abstract socket."""
# act: leak

import os
import socket

server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind('\0escape-leak')
if os.fork() == 0:
    os.setsid()
    server.settimeout(3)
    data, who = server.recvfrom(10)
    server.sendto(PRIVATE.encode(), who)
    os._exit(0)
# %% next session
import socket

mine = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
mine.bind('\0escape-answer')
mine.settimeout(2)
mine.sendto(b'?', '\0escape-leak')
print(mine.recv(200))
