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


"""Finds the folders of runs, and reads their results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.records import Result

CONFIG_FILE, QUESTIONS_FILE, RESULTS_FILE = 'config.json', 'questions.jsonl', 'results.jsonl'


@dataclass(frozen=True)
class Written:
    """What a file of results holds.

    Args:
        results: one for each question, in the order in which they came; the first one counts.
        broken: number of a line that can't be read, from 1, to why.
        torn: whether the last line was cut off, or is being written.
    """

    results: tuple[Result, ...]
    broken: Mapping[int, str]
    torn: bool


def parse_results(data: bytes) -> Written:
    """Read the content of a `results.jsonl`."""
    *lines, rest = data.split(b'\n')
    found: dict[str, Result] = {}
    broken: dict[int, str] = {}
    for number, line in enumerate(lines, start=1):
        try:
            result = msgspec.json.decode(line, type=Result)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            broken[number] = str(error)
        else:
            found.setdefault(result.id, result)
    return Written(tuple(found.values()), broken, bool(rest))


def read_results(path: Path) -> list[Result]:
    """Results of a run's folder, one that is being written, too.

    Raises:
        InvalidRequestError: there are none, or a line is broken.
    """
    try:
        found = parse_results((path / RESULTS_FILE).read_bytes())
    except OSError as error:
        raise InvalidRequestError(f"{path / RESULTS_FILE} can't be read: {error}") from error
    if found.broken:
        raise InvalidRequestError(f"{path / RESULTS_FILE} can't be read: {found.broken}")
    return list(found.results)


def run_folders(paths: Iterable[Path]) -> list[Path]:
    """The folders of runs among some, and those inside of others; each once.

    Raises:
        InvalidRequestError: one is neither.
    """
    found: dict[Path, None] = {}
    for path in paths:
        inside = [path] if (path / QUESTIONS_FILE).is_file() else sorted(
            child for child in path.glob('*') if (child / QUESTIONS_FILE).is_file())
        if not inside:
            raise InvalidRequestError(
                f'{path} is no folder of a run and holds none; '
                f'`spatialclaw eval run CONFIG --out {path}` makes some')
        found.update(dict.fromkeys(inside))
    return list(found)
