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


"""Python trees are made on one thread at a time.

`ast.parse`, and with it `ast.literal_eval` and every array that `np.load` reads, counts the depth
of its tree in one place for all threads. When another thread's turn comes within it, it fails with
"SystemError: AST constructor recursion depth mismatch" (seen with CPython 3.11).
"""

from __future__ import annotations

import threading

one_tree_at_a_time = threading.Lock()
