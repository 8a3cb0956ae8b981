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

"""`sys._getframe` walks up to the worker and takes the wire out of its locals."""

# act: connect

frame = collections._sys._getframe()
while frame is not None:
    worker = frame.f_locals.get('self')
    if type(worker).__name__ == 'Worker':
        wire = next(value for value in vars(worker).values() if 'Wire' in type(value).__name__)
        sock = next(v for v in vars(wire).values() if type(v).__name__ == 'socket')
        type(sock)(1, 1).connect(UNIX_SOCKET)
    frame = frame.f_back
