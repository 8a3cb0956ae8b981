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

"""`_posixsubprocess.fork_exec`, the C function below subprocess.

Known from CTFs that take `os` and `subprocess` away.
"""

# act: spawn

import _posixsubprocess
import os

ours, theirs = os.pipe()
bad, told = os.pipe()
first = ([PROGRAM.encode()], [PROGRAM.encode()], True, (told,), None, None,
         -1, -1, -1, theirs, -1, -1, bad, told, False, False)
try:
    _posixsubprocess.fork_exec(*first, -1, None, None, None, -1, None, False)
except TypeError:
    _posixsubprocess.fork_exec(*first, None, None, None, -1, None)
os.close(theirs)
print(os.read(ours, 200))
