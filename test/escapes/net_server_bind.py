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

"""Wait for others instead of calling them: bind, listen, and be called by oneself."""

# act: connect

import socket

server = socket.create_server(('127.0.0.1', 0))
near = socket.create_connection(server.getsockname(), 2)
far, _ = server.accept()
near.sendall(str(far.getpeername()).encode())
socket.create_connection(('127.0.0.1', PORT), 2)
