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

"""A server on an abstract socket in one session, called by the session beside it."""

# act: leak

import socket

server = socket.socket(socket.AF_UNIX)
server.bind('\0escape-leak')
server.listen(1)
# %% neighbour
import socket

caller = socket.socket(socket.AF_UNIX)
caller.connect('\0escape-leak')
# %%
server.accept()[0].send(PRIVATE.encode())
server.close()
# %% neighbour
print(caller.recv(200))
caller.close()
