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


"""`spatialclaw eval report`: tables and plots of runs."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from spatialclaw_ros.cli.eval import EXIT_OK


def run(options: argparse.Namespace) -> int:
    """Make the report, and say where it is."""
    from spatialclaw_ros.eval.report import make_report

    runs = run_folders(options.folders)
    out = options.out or runs[0].parent / 'report'
    make_report(runs, out)
    print(f'{len(runs)} {"run" if len(runs) == 1 else "runs"}: {out}')
    return EXIT_OK


def run_folders(folders: Iterable[Path]) -> list[Path]:
    """The folders of runs among some, and inside of others.

    Raises:
        InvalidRequestError: there is none.
    """
    from spatialclaw_ros.errors import InvalidRequestError
    from spatialclaw_ros.eval.run_folder import CONFIG_FILE

    found: dict[Path, None] = {}
    for folder in folders:
        inside = [folder] if (folder / CONFIG_FILE).is_file() else sorted(
            path.parent for path in folder.glob(f'*/{CONFIG_FILE}'))
        if not inside:
            raise InvalidRequestError(
                f'{folder} has no run in it; `spatialclaw eval run CONFIG --out {folder}` makes '
                'some')
        found.update(dict.fromkeys(inside))
    return list(found)
