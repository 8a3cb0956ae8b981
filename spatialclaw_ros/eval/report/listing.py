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


"""Every question that went wrong, with the way to its trace."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from spatialclaw_ros.agent.trace_page import PAGE_FILE
from spatialclaw_ros.eval.report.reading import Entry, Run
from spatialclaw_ros.eval.report.sections import Cell, Section, table
from spatialclaw_ros.eval.report.wording import (
    UNKNOWN,
    error_text,
    line,
    notes_text,
    said_text,
    truth_text,
)
from spatialclaw_ros.eval.scoring import Outcome

_LISTS: tuple[tuple[Outcome, str], ...] = (
    ('wrong', 'Wrong answers'), ('refused_wrongly', 'Refused, though there is an answer'),
    ('failed', 'Without an answer'))


def listings(runs: Sequence[Run], out: Path) -> tuple[Section, ...]:
    """A section for each way to go wrong, a table in it for each run.

    Args:
        runs: all of them.
        out: folder of the report, for links.
    """
    sections = []
    for kind, title in _LISTS:
        tables = []
        for run in runs:
            entries = [entry for entry in run.entries if entry.outcome == kind]
            if entries:
                tables.append(table(
                    ('question', 'asked', 'answer', 'truth', 'error', 'notes', 'trace'),
                    (_row(run, entry, out) for entry in entries),
                    f'{run.name} ({len(entries)})', texts=True))
        sections.append(Section(title, tuple(tables), text='' if tables else 'None.'))
    return tuple(sections)


def _row(run: Run, entry: Entry, out: Path) -> list[str | Cell]:
    said, question = entry.result.said, entry.question
    asked = line(question.text)
    if question.options:
        asked += f' ({"; ".join(map(line, question.options))})'
    return [Cell(question.id), asked, said_text(said), truth_text(question),
            error_text(entry), notes_text(said) or UNKNOWN, _trace(run, entry, out)]


def _trace(run: Run, entry: Entry, out: Path) -> Cell:
    """Link to the page of a trace, or to its folder, and how to open it."""
    if not entry.result.trace:
        return Cell('no trace')
    folder = run.path / entry.result.trace
    if not folder.is_dir():
        return Cell('trace not there')
    page = folder / PAGE_FILE
    target = page if page.is_file() else folder
    relative = Path(os.path.relpath(target.resolve(), out.resolve())).as_posix()
    return Cell('page' if target is page else 'folder', quote(relative),
                f'spatialclaw view {shlex.quote(str(folder))}')
