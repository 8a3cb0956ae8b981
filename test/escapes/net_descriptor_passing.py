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

"""A connected socket made by a helper process and passed over a pair."""

# act: connect

import os
import socket

mine, other = socket.socketpair()
if os.fork() == 0:
    out = socket.create_connection(('127.0.0.1', PORT), 2)
    socket.send_fds(other, [b'x'], [out.fileno()])
    os._exit(0)
_, fds, _, _ = socket.recv_fds(mine, 1, 1)
os.write(fds[0], b'through a passed descriptor')
os.wait()
