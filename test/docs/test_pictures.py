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

import pytest
from browser import needed_chromium
from docs_pages import REPOSITORY
from PIL import Image

IMAGES = REPOSITORY / 'docs' / 'images'


OF_A_QUERY = (
    'demo.jpg', 'overlay.jpg', 'labels.png', 'detections.jpg', 'evidence.jpg', 'thumbnails.jpg',
    'trace.png', 'watch.png')
OF_A_TERMINAL = ('doctor.png',)
OF_RUNS = ('errors.png', 'calibration.png', 'categories.png')
OF_INTERFACES = ('interfaces.jpg',)  # `spatialclaw demo --interfaces` has tests of its own


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures of one query, of a terminal, and of runs over two worlds."""
    needed_chromium()
    folder = tmp_path_factory.mktemp('pictures')
    program(Path(sys.executable).with_name('spatialclaw'), 'eval', 'run', 'claw-sim', '--set',
            'data.seeds=[9000, 9007]', '--out', folder / 'runs')
    names = (Path(name).stem for name in (*OF_A_QUERY, *OF_A_TERMINAL, *OF_RUNS))
    program(sys.executable, REPOSITORY / 'scripts' / 'make_pictures.py', *names, '--evaluation',
            folder / 'runs', '--into', folder)
    return folder


def program(*words: object) -> None:
    """Run a program to its end, and see it succeed."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize('name', [*OF_A_QUERY, *OF_A_TERMINAL, *OF_RUNS])
def test_pictures_are_made_again(name: str, made: Path) -> None:
    with Image.open(made / name) as picture, Image.open(IMAGES / name) as shown:
        assert min(picture.size) > 150
        assert abs(picture.width / shown.width - 1) < 0.5, 'the page shows another one'
        colours = picture.convert('RGB').resize((64, 64)).getcolors(64 * 64)
        assert len(colours) > 50


def test_every_picture_of_the_pages_has_its_maker() -> None:
    assert {path.name for path in IMAGES.iterdir()} == {
        *OF_A_QUERY, *OF_A_TERMINAL, *OF_RUNS, *OF_INTERFACES}
