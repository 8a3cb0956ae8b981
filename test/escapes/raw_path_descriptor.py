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

"""Take an O_PATH descriptor first, which needs no right, and read through it later."""

# act: read

import os

fd = os.open(SECRETS, os.O_PATH | os.O_DIRECTORY)
for name in ('secret.txt', '../secrets/secret.txt'):
    try:
        inner = os.open(name, os.O_RDONLY, dir_fd=fd)
        print(os.read(inner, 4096))
    except OSError as error:
        print(error)
path = os.open(SECRET_FILE, os.O_PATH)
print(open(f'/proc/self/fd/{path}').read())
