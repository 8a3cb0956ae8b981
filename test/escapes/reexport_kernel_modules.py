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

"""The kernel's own modules lie in `sys.modules`, and with them what they import."""

# act: connect

modules = collections._sys.modules
stream = modules['spatialclaw_ros.sharing.stream']
out = stream.socket.socket(stream.socket.AF_UNIX)
out.connect(UNIX_SOCKET)
