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

"""Try to leave Landlock: from a thread, after exec-like calls, with flags of newer versions."""

# act: read

import ctypes
import threading

libc = ctypes.CDLL(None, use_errno=True)


def look():
    for flags in (0, 1, 2, 4, 8):
        libc.syscall(446, -1, flags)
    libc.personality(0x0040000)
    try:
        print(open(SECRET_FILE).read())
    except OSError as error:
        print(error)


thread = threading.Thread(target=look)
thread.start()
thread.join()
