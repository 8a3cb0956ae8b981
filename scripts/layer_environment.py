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


"""Lets an environment see the packages of another, behind its own: run by the upper one's Python.

usage: UPPER/bin/python scripts/layer_environment.py LOWER/bin/python
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path


def main() -> None:
    """Name the lower environment's packages in a `.pth` file of the upper one."""
    lower = subprocess.check_output(
        [sys.argv[1], '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], text=True)
    path = Path(sysconfig.get_path('purelib')) / 'zz_lower_environment.pth'
    path.write_text(f'import site; site.addsitedir({lower.strip()!r})\n', encoding='utf-8')


if __name__ == '__main__':
    main()
