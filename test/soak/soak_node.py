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


"""The node, which on SIGUSR1 writes its threads' names into the file that SOAK_THREADS names."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from spatialclaw_ros.ros.__main__ import main


def _tell(*_: object) -> None:
    path = Path(os.environ['SOAK_THREADS'])
    written = path.with_suffix('.new')
    written.write_text(json.dumps([thread.name for thread in threading.enumerate()]),
                       encoding='utf-8')
    written.replace(path)


if __name__ == '__main__':
    signal.signal(signal.SIGUSR1, _tell)
    sys.exit(main())
