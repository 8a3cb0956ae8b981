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

"""The script that makes the pages' pictures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from browser import needed_chromium
from PIL import Image


def test_pictures_of_a_query_and_of_a_terminal_are_made(repository: Path, tmp_path: Path) -> None:
    needed_chromium()
    done = subprocess.run(
        [sys.executable, str(repository / 'scripts' / 'make_pictures.py'), 'overlay', 'doctor',
         '--into', str(tmp_path)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ('overlay.jpg', 'doctor.png'):
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 200
            colours = picture.convert('RGB').resize((64, 64)).getcolors(64 * 64)
            assert len(colours) > 20, name
