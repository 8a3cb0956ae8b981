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

"""Leave a block of `multiprocessing.shared_memory`, by its name."""

# act: leak

from multiprocessing import resource_tracker, shared_memory

resource_tracker.register = lambda *arguments: None
block = shared_memory.SharedMemory('escape-block', create=True, size=4096)
block.buf[:len(PRIVATE)] = PRIVATE.encode()
# %% next session
from multiprocessing import resource_tracker, shared_memory

resource_tracker.register = resource_tracker.unregister = lambda *arguments: None
block = shared_memory.SharedMemory('escape-block')
print(bytes(block.buf[:64]))
block.unlink()
