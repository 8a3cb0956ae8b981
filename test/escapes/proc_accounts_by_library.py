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

"""Ask the C library for the users, which reads the file on its own."""

# act: read

import ctypes
import pwd

libc = ctypes.CDLL(None)
user = pwd.getpwuid(0)
print(':'.join(map(str, (user.pw_name, user.pw_passwd, user.pw_uid, user.pw_gid, user.pw_gecos,
                         user.pw_dir, user.pw_shell))))
