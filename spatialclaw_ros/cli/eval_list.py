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


"""`spatialclaw eval list`: the data sets, and what is missing of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from spatialclaw_ros.cli.eval import EXIT_OK, EXIT_UNUSABLE

if TYPE_CHECKING:
    from rich.console import Console

    from spatialclaw_ros.eval.dataset import Sheet


def run(options: argparse.Namespace) -> int:
    """Show all, or one."""
    from rich.console import Console

    from spatialclaw_ros.errors import InvalidRequestError
    from spatialclaw_ros.eval.catalogue import sheets

    console = Console(highlight=False, soft_wrap=True)
    known = sheets()
    if not options.name:
        _show_all(console, known, options.data)
        return EXIT_OK
    if options.name not in known:
        raise InvalidRequestError(f'no data set {options.name!r}; there are {", ".join(known)}')
    _show(console, known[options.name])
    if options.data is None:
        return EXIT_OK
    good, told = _found(options.name, options.data)
    console.print(told, style=None if good else 'yellow', markup=False)
    return EXIT_OK if good else EXIT_UNUSABLE


def _show_all(console: Console, known: dict[str, Sheet], root: Path | None) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ('set', 'questions', 'media', 'licence', 'title'):
        table.add_column(heading, justify='right' if heading == 'questions' else 'left',
                         no_wrap=heading == 'set')
    if root is not None:
        table.add_column('here')
    for name, sheet in known.items():
        row = [name, _count(sheet), sheet.media, sheet.licence, sheet.title]
        if root is not None:
            row.append('' if not sheet.files else _found(name, root / name)[1])
        table.add_row(*map(Text, row))
    console.print(table)


def _show(console: Console, sheet: Sheet) -> None:
    for heading, text in (('title', sheet.title), ('home', sheet.home),
                          ('licence', sheet.licence), ('questions', _count(sheet)),
                          ('media', sheet.media), ('score', sheet.score)):
        console.print(f'{heading:>9}  {text}', markup=False)
    for line in sheet.files:
        console.print(f'{"needs":>9}  {line}', markup=False)


def _count(sheet: Sheet) -> str:
    if sheet.count:
        return str(sheet.count)
    return 'not stated' if sheet.home else 'yours'


def _found(name: str, folder: Path) -> tuple[bool, str]:
    """Whether a set's questions can be read there, and how many there are or what is missing."""
    from spatialclaw_ros.errors import SpatialClawError
    from spatialclaw_ros.eval.catalogue import open_data
    from spatialclaw_ros.eval.config import DataConfig

    try:
        count = len(open_data(DataConfig(set=name, folder=str(folder))).questions())
    except SpatialClawError as error:
        return False, str(error)
    return True, f'{count} questions in {folder}'
