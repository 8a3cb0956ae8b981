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


"""Write into the frames' shared memory, where the next session's frames will lie."""
# act: leak

import ctypes

array = InputImages[0].array
try:
    array.flags.writeable = True
    array.reshape(-1)[:len(PRIVATE)] = np.frombuffer(PRIVATE.encode(), np.uint8)
except ValueError as error:
    print(error)
ctypes.memmove(array.ctypes.data, PRIVATE.encode(), len(PRIVATE))
# %% next session
print(InputImages[0].array.tobytes()[:100])
