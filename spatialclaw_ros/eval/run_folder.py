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


"""The folder of a run: what was asked, and each result as soon as it is there."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.ask import UNDER_WAY
from spatialclaw_ros.eval.described import differences
from spatialclaw_ros.eval.records import Question, Result
from spatialclaw_ros.eval.run_files import (
    CONFIG_FILE,
    QUESTIONS_FILE,
    RESULTS_FILE,
    parse_results,
)

TRACES, LOCK_FILE = 'traces', '.lock'


class RunFolder:
    """One run's folder, held by one process at a time.

    Opened on a folder of the same run, it has that one's results: those that were cut off while
    they were written, or that tell of a server that was away, are taken out to be asked again.

    Args:
        path: the folder; made where it is not there.
        description: of `described.described`.
        questions: what the run is about.

    Attributes:
        results: those that are there, in the order in which they came.

    Raises:
        InvalidRequestError: another process writes to it, or it was made with another
            configuration or other questions; the message names the difference.
    """

    def __init__(
        self, path: Path, description: dict[str, Any], questions: Sequence[Question],
    ) -> None:
        self.path = path
        self.traces = path / TRACES
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / LOCK_FILE).open('a')
        except OSError as error:
            raise InvalidRequestError(f"{path} can't be written: {error.strerror}") from error
        try:
            _take(self._lock.fileno(), path)
            self._settle(description, questions)
            self.results = self._read({question.id for question in questions})
            self._retell(description['sheet'])
            self._file = (path / RESULTS_FILE).open('ab')
        except BaseException:
            self._lock.close()
            raise
        shutil.rmtree(self.traces / UNDER_WAY, ignore_errors=True)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        shutil.rmtree(self.traces / UNDER_WAY, ignore_errors=True)
        self._lock.close()

    def add(self, result: Result) -> None:
        """Write a result; it is on the disk when this returns."""
        self._file.write(msgspec.json.encode(result) + b'\n')
        self._file.flush()
        os.fsync(self._file.fileno())

    def _settle(self, description: dict[str, Any], questions: Sequence[Question]) -> None:
        """Write what the run is about, or make sure that the folder is about the same."""
        lines = b''.join(map(_line_of, questions))
        path = self.path / CONFIG_FILE
        if not path.is_file():
            if (self.path / RESULTS_FILE).exists():
                raise InvalidRequestError(
                    f'{self.path} has results and no {CONFIG_FILE}; name another folder')
            _write(self.path / QUESTIONS_FILE, lines)
            _write(path, msgspec.json.format(msgspec.json.encode(description), indent=1) + b'\n')
            return
        advice = 'name another folder with --out, or remove this one'
        try:
            before = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            asked = (self.path / QUESTIONS_FILE).read_bytes()
        except (OSError, msgspec.MsgspecError) as error:
            raise InvalidRequestError(f"{path} can't be read ({error}); {advice}") from error
        if changed := differences(before, description):
            told = '; '.join(f'{name} was {old!r}, is {new!r}' for name, old, new in changed[:4])
            raise InvalidRequestError(
                f'{self.path} was made with another configuration: {told}; {advice}')
        if asked != lines:
            raise InvalidRequestError(
                f'{self.path} is about other questions ({_count(asked)}, now {_count(lines)}), '
                f'or the data set has changed; {advice}')

    def _retell(self, sheet: dict[str, Any]) -> None:
        """Write today's sheet of the same questions; what has results keeps their version.

        A version may be another one by what is seen alone, with the same questions and truths.
        """
        path = self.path / CONFIG_FILE
        before = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        if self.results:
            sheet = {**sheet, 'version': (before.get('sheet') or {}).get('version', '')}
        if before.get('sheet') != sheet:
            anew = {**before, 'sheet': sheet}
            _write(path, msgspec.json.format(msgspec.json.encode(anew), indent=1) + b'\n')

    def _read(self, ids: set[str]) -> list[Result]:
        """The results that stay; the file has nothing else afterwards."""
        path = self.path / RESULTS_FILE
        data = path.read_bytes() if path.is_file() else b''
        found = parse_results(data)
        if found.broken:
            number, why = next(iter(found.broken.items()))
            raise InvalidRequestError(
                f'{path} line {number} is broken ({why}); remove that line, and the same command '
                'asks its question again')
        kept = [result for result in found.results if result.id in ids and not result.said.away]
        lines = b''.join(msgspec.json.encode(result) + b'\n' for result in kept)
        if lines != data:
            _write(path, lines)
        return kept


def _line_of(question: Question) -> bytes:
    """A question as it is written down.

    Raises:
        InvalidRequestError: it would not be the same when it is read again.
    """
    try:
        line = msgspec.json.encode(question)
        same = msgspec.json.decode(line, type=Question) == question
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise InvalidRequestError(
            f'the question {question.id!r} can not be written down: {error}; numbers of truths '
            'and facts must be finite, texts Unicode') from error
    if not same:
        raise InvalidRequestError(
            f'the question {question.id!r} does not read back as it was written: numbers of '
            'truths and facts must be finite')
    return line + b'\n'


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InvalidRequestError(
            f'another process writes to {path}; wait for it, or name another folder with --out'
        ) from error
    except OSError as error:
        raise InvalidRequestError(
            f"{path} can't be locked ({error.strerror}), as on some network drives; name a folder "
            'on another one with --out') from error


def _write(path: Path, data: bytes) -> None:
    """Write a file at once: it is whole, or as it was."""
    apart = path.with_name(f'.{path.name}.new')
    with apart.open('wb') as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    apart.replace(path)


def _count(lines: bytes) -> int:
    return lines.count(b'\n')
