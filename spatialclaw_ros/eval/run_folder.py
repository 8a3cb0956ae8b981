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
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.ask import UNDER_WAY
from spatialclaw_ros.eval.config import DataConfig, RunConfig
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Result

CONFIG_FILE, QUESTIONS_FILE, RESULTS_FILE = 'config.json', 'questions.jsonl', 'results.jsonl'
TRACES, LOCK_FILE = 'traces', '.lock'
# where the model is, and what is kept beside the results, may change while a run goes on
_MAY_CHANGE = {'run': ('base_url', 'traces', 'sandbox'), 'backbone': ('endpoints', 'limits')}
_ASK_AGAIN = frozenset({'BACKBONE_UNAVAILABLE', 'PERCEPTION_UNAVAILABLE', 'CANCELED', 'BUSY',
                        'INACTIVE'})


def described(run: RunConfig, data: DataConfig, sheet: Sheet) -> dict[str, Any]:
    """A run's whole configuration, as `config.json` has it; plain values.

    Raises:
        InvalidRequestError: the backbone's own configuration can't be read.
    """
    backbone = None
    if run.backbone == 'vllm' and run.config:
        from spatialclaw_ros.backbone.vllm.config_file import read_config
        backbone = read_config(run.config)
    try:
        package = version('spatialclaw_ros')
    except PackageNotFoundError:
        package = ''
    content = {'version': package, 'run': run, 'backbone': backbone, 'data': data, 'sheet': sheet}
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(content))
    return found


class RunFolder:
    """One run's folder, held by one process at a time.

    Opened on a folder of the same run, it has that one's results: those that were cut off while
    they were written, or that tell of a server that was away, are taken out to be asked again.

    Args:
        path: the folder; made where it is not there.
        description: of `described`.
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
        lines = b''.join(msgspec.json.encode(question) + b'\n' for question in questions)
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
        if fields := _differences(before, description):
            raise InvalidRequestError(
                f'{self.path} was made with another configuration: {"; ".join(fields[:4])}; '
                f'{advice}')
        if asked != lines:
            raise InvalidRequestError(
                f'{self.path} is about other questions ({_count(asked)}, now {_count(lines)}), '
                f'or the data set has changed; {advice}')

    def _read(self, ids: set[str]) -> list[Result]:
        """The results that stay; the file has nothing else afterwards."""
        path = self.path / RESULTS_FILE
        data = path.read_bytes() if path.is_file() else b''
        kept: dict[str, Result] = {}
        for number, line in enumerate(data.split(b'\n')[:-1], start=1):
            try:
                result = msgspec.json.decode(line, type=Result)
            except msgspec.MsgspecError as error:
                raise InvalidRequestError(
                    f'{path} line {number} is broken ({error}); remove that line, and the same '
                    'command asks its question again') from error
            if result.id in ids and result.said.status not in _ASK_AGAIN:
                kept.setdefault(result.id, result)
        lines = b''.join(msgspec.json.encode(result) + b'\n' for result in kept.values())
        if lines != data:
            _write(path, lines)
        return list(kept.values())


def read_results(path: Path) -> list[Result]:
    """Results of a run's folder, one that is being written, too.

    Raises:
        InvalidRequestError: there are none, or a line is broken.
    """
    try:
        data = (path / RESULTS_FILE).read_bytes()
        return [msgspec.json.decode(line, type=Result) for line in data.split(b'\n')[:-1]]
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidRequestError(f"{path / RESULTS_FILE} can't be read: {error}") from error


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InvalidRequestError(
            f'another process writes to {path}; wait for it, or name another folder with --out'
        ) from error


def _write(path: Path, data: bytes) -> None:
    """Write a file at once: it is whole, or as it was."""
    apart = path.with_name(f'.{path.name}.new')
    with apart.open('wb') as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    apart.replace(path)


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Fields that differ and may not, each with both values."""
    lines: list[str] = []
    for part in ('run', 'backbone', 'data'):
        old, new = before.get(part) or {}, now.get(part) or {}
        fields: Iterable[str] = sorted(set(old) | set(new))
        lines += [
            f'{part}.{field} was {old.get(field)!r}, is {new.get(field)!r}' for field in fields
            if field not in _MAY_CHANGE.get(part, ()) and old.get(field) != new.get(field)]
    return lines


def _count(lines: bytes) -> int:
    return lines.count(b'\n')
