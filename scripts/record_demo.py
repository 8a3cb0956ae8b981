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

"""Writes the recording that the demo plays where nothing can be drawn: `demo/tabletop`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from spatialclaw_ros.sim.recording import write_recording

TARGET = Path(__file__).resolve().parent.parent / 'demo' / 'tabletop'
LIMIT_BYTES = 8_000_000


def main() -> int:
    """Record anew; 1 when the recording came out too large to ship."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_recording(target)
    size = sum(path.stat().st_size for path in target.iterdir())
    print(f'{target}: {size / 1e6:.2f} MB')
    return int(size > LIMIT_BYTES)


if __name__ == '__main__':
    sys.exit(main())
