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


"""Folders of runs as what a report is about; what is missing or broken in one becomes a note."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.records import Question, Result
from spatialclaw_ros.eval.run_files import (
    CONFIG_FILE,
    QUESTIONS_FILE,
    RESULTS_FILE,
    parse_results,
    run_folders,
)
from spatialclaw_ros.eval.scoring import Outcome, outcome


@dataclass(frozen=True)
class Entry:
    """A question and what became of it."""

    question: Question
    result: Result

    @property
    def outcome(self) -> Outcome:
        """For a person who acts on the answer."""
        return outcome(self.question, self.result.said, self.result.score)


@dataclass(frozen=True)
class Run:
    """A run as it lies in its folder.

    Args:
        name: unique in a report.
        path: the folder, as it was given.
        config: of `config.json`; empty when it can't be read.
        questions: what the run is about, in order.
        entries: those that have a result, in the order of the questions.
        notes: what is missing or broken, for a person.
    """

    name: str
    path: Path
    config: dict[str, Any]
    questions: tuple[Question, ...]
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


def read_runs(paths: Sequence[Path]) -> tuple[Run, ...]:
    """Read runs.

    Args:
        paths: folders of runs, or folders that hold some; each run once.

    Raises:
        InvalidRequestError: one is neither, or there is none.
    """
    folders = run_folders(paths)
    if not folders:
        raise InvalidRequestError('a report needs at least one folder of a run')
    last = Counter(folder.resolve().name for folder in folders)
    names = ['/'.join(folder.resolve().parts[-1 if last[folder.resolve().name] == 1 else -2:])
             for folder in folders]
    names = [name if names.count(name) == 1 else f'{name} ({i + 1})'
             for i, name in enumerate(names)]
    return tuple(read_run(folder, name) for folder, name in zip(folders, names))


def read_run(path: Path, name: str = '') -> Run:
    """Read the folder of a run, finished or not.

    Raises:
        InvalidRequestError: its questions can't be read.
    """
    notes: list[str] = []
    try:
        lines = (path / QUESTIONS_FILE).read_bytes().splitlines()
        questions = tuple(msgspec.json.decode(line, type=Question) for line in lines)
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidRequestError(f"{path / QUESTIONS_FILE} can't be read: {error}") from error
    results = _results(path / RESULTS_FILE, notes)
    known = {question.id for question in questions}
    strays = [result_id for result_id in results if result_id not in known]
    if strays:
        notes.append(f'{_times(len(strays), "result")} of no question of this run left out: '
                     f'{", ".join(strays[:5])}')
    entries = tuple(Entry(question, results[question.id])
                    for question in questions if question.id in results)
    if len(entries) < len(questions):
        notes.append(f'{len(questions) - len(entries)} of {_times(len(questions), "question")} '
                     'without a result yet: what follows is about the rest')
    gone = sum(bool(entry.result.trace) and not (path / entry.result.trace).is_dir()
               for entry in entries)
    if gone:
        notes.append(f'{_times(gone, "trace")} not in the folder any more')
    return Run(name or path.resolve().name, path, read_config(path, notes), questions,
               entries, tuple(notes))


def _results(path: Path, notes: list[str]) -> dict[str, Result]:
    """By question; the first of one question counts, as when a run is resumed."""
    try:
        data = path.read_bytes()
    except OSError as error:
        notes.append(f'no results: {path.name}: {error.strerror or error}')
        return {}
    found = parse_results(data)
    notes += [f'{path.name} line {number} left out: {why}'
              for number, why in found.broken.items()]
    if found.torn:
        notes.append(f'the last line of {path.name} was cut off and is left out')
    return {result.id: result for result in found.results}


def read_config(folder: Path, notes: list[str] | None = None) -> dict[str, Any]:
    """What a run's `config.json` says; empty when it can't be read.

    Args:
        folder: of the run.
        notes: is told why not.
    """
    try:
        return msgspec.json.decode((folder / CONFIG_FILE).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError) as error:
        if notes is not None:
            notes.append(f"{CONFIG_FILE} can't be read, so the configuration is unknown: {error}")
        return {}


def _times(count: int, noun: str) -> str:
    return f'{count} {noun}{"" if count == 1 else "s"}'
