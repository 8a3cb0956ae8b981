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

"""Findings as lines for a terminal of any width: the doctor's and watch's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from spatialclaw_ros.cli.findings import IDLE, STYLES, WELL, Finding

INDENT = 6
MAX_NAME = 28


def finding_lines(
    findings: Sequence[Finding], width: int, *, brief: bool = False,
) -> Iterator[RenderableType]:
    """Each part below its heading; details that do not fit beside a name stand below it.

    Args:
        findings: those of one part one after another.
        width: of the terminal, in characters.
        brief: whether what is well has one line, cut where it does not fit.
    """
    names = min(MAX_NAME, max((len(each.name) for each in findings), default=0))
    states = max((len(each.state) for each in findings), default=0)
    for part, group in groupby(findings, lambda finding: finding.part):
        if part:
            yield Text(part, style='bold')
        for each in group:
            yield from _lines(each, names, states, width, brief and each.state in (WELL, IDLE))


def _lines(
    finding: Finding, names: int, states: int, width: int, brief: bool,
) -> Iterator[RenderableType]:
    notes = ': '.join(note for note in (finding.detail, finding.cost) if note)
    line = Text.assemble(
        f'  {finding.name:<{names}}  ', (f'{finding.state:<{states}}', STYLES[finding.state]))
    if brief or line.cell_len + 2 + len(notes) <= width:
        line.append(f'  {notes}'.rstrip())
        line.truncate(width, overflow='ellipsis')
        yield line
        return
    yield line
    # folded, so that a path is shown whole
    yield Padding(Text(notes, overflow='fold'), (0, 0, 0, INDENT), expand=False)
