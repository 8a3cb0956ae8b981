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

"""`python -m spatialclaw_ros.ros`: the node's process, which keeps memory from its start."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from spatialclaw_ros.ros.memory import reuse_freed_memory


def main(args: Sequence[str] | None = None) -> int:
    """Run the node's process until it is told to stop; see `main.main`."""
    # Libraries start threads when they are imported, each with a heap of its own. Later threads are
    # spread over those heaps, and malloc_trim gives the free end of none but the first back.
    reuse_freed_memory()
    from spatialclaw_ros.ros.main import main as run
    return run(args)


if __name__ == '__main__':
    sys.exit(main())
