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


"""Where the benchmark's table goes beside the terminal, and what it ran on."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import numpy as np

BEGIN, END = '<!-- bench -->', '<!-- bench end -->'


def machine() -> str:
    """One line on what this ran on."""
    cpus = Path('/proc/cpuinfo').read_text(encoding='utf-8')
    models = re.findall(r'^model name\s*: (.*)$', cpus, re.MULTILINE)
    return (f'{len(models)} x {models[0] if models else platform.machine()}, Linux '
            f'{platform.release().split("-")[0]}, Python {platform.python_version()}, '
            f'NumPy {np.__version__}; '
            'medians of 30 samples or more unless a number says otherwise.')


def put(text: str, page: Path) -> None:
    """Replace what stands between the marks of a page.

    Raises:
        ValueError: the page has no marks.
    """
    before, begin, rest = page.read_text(encoding='utf-8').partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f'{page} must have {BEGIN} and {END}, has not both')
    page.write_text(f'{before}{BEGIN}\n{text}{END}{after}', encoding='utf-8')
