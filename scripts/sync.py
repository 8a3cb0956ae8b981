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


"""Copies the Python sources, launch files and configuration over the package installed beside it.

Run it with the interpreter of the environment that holds the installed package. The generated
modules stay as they are; sources that are gone here are removed there.
"""

from __future__ import annotations

import filecmp
import shutil
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = 'spatialclaw_ros'
GENERATED = ('msg', 'srv', 'action')


def copy_changed(source: Path, target: Path) -> int:
    """Copy the files of a folder that differ; return how many did."""
    copied = 0
    for path in source.rglob('*'):
        if not path.is_file() or '__pycache__' in path.parts:
            continue
        to = target / path.relative_to(source)
        if to.exists() and filecmp.cmp(path, to, shallow=False):
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, to)
        copied += 1
    return copied


def remove_gone(source: Path, target: Path) -> int:
    """Remove the Python sources of `target` that are neither in `source` nor generated."""
    removed = 0
    for path in target.rglob('*.py'):
        inside = path.relative_to(target)
        if inside.parts[0] not in GENERATED and not (source / inside).exists():
            path.unlink()
            removed += 1
    return removed


def main() -> int:
    """Bring the installed package up to date with the working tree."""
    try:
        installed = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        print(f'{PACKAGE} is not installed in {sys.prefix}: run `make install` first')
        return 1
    target = Path(str(installed.locate_file(PACKAGE))).resolve()
    if target == ROOT / PACKAGE:
        print(f'{PACKAGE} was found in the working tree, not in {sys.prefix}: unset PYTHONPATH')
        return 1
    share = Path(sys.prefix) / 'share' / PACKAGE
    copied = copy_changed(ROOT / PACKAGE, target)
    copied += sum(copy_changed(ROOT / name, share / name) for name in ('launch', 'config', 'demo'))
    removed = remove_gone(ROOT / PACKAGE, target)
    print(f'{PACKAGE}: {copied} files copied, {removed} removed in {target}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
