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


"""A run's folder: what is refused, what is mended, who may write to it."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from eval_lab import SHEET, Tiny

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.config import DataConfig, RunConfig
from spatialclaw_ros.eval.described import described
from spatialclaw_ros.eval.records import Question, Result, Said, Score
from spatialclaw_ros.eval.report.reading import read_config
from spatialclaw_ros.eval.run_files import RESULTS_FILE, read_results
from spatialclaw_ros.eval.run_folder import RunFolder
from spatialclaw_ros.perception.config import PerceptionConfig

RUN, DATA = RunConfig(name='rules'), DataConfig(set='eval_lab:tiny')
QUESTIONS = Tiny().questions()


def opened(path: Path, run: RunConfig = RUN, data: DataConfig = DATA, count: int = 12) -> RunFolder:
    return RunFolder(path, described(run, data, SHEET), QUESTIONS[:count])


def result(number: int, status: str = 'REFUSED') -> Result:
    return Result(id=f'q{number:02d}', said=Said(status=status),
                  score=Score(points=1.0, right=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with four results."""
    with opened(tmp_path / 'rules') as made:
        for number in range(4):
            made.add(result(number))
    return made.path


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def add(more: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes() + more)


@pytest.mark.parametrize(('spoil', 'left'), [
    (lambda path: None, 4),
    (cut, 3),
    (add(b'{"id": "q0'), 4),
    (add(b'{"id": "q04", "said": {"status": "OK"}, "score": {"points": 1.0, "right": true}}'), 4),
    (add(msgspec.json.encode(result(2)) + b'\n'), 4),  # twice
    (add(msgspec.json.encode(result(5, 'BACKBONE_UNAVAILABLE')) + b'\n'), 4),
    (add(msgspec.json.encode(result(5, 'TIMEOUT')) + b'\n'), 5),
    (Path.unlink, 0),
])
def test_what_was_written_is_found_again(
    folder: Path, spoil: Callable[[Path], object], left: int,
) -> None:
    spoil(folder / RESULTS_FILE)
    with opened(folder) as again:
        assert len(again.results) == left
        again.add(result(11))
    assert [each.id for each in read_results(folder)] == [
        *(each.id for each in again.results), 'q11']


@pytest.mark.parametrize(('change', 'words'), [
    ({'run': RunConfig(name='rules', timeout_s=3.0)}, 'run.timeout_s was 120.0, is 3.0'),
    ({'data': DataConfig(set='eval_lab:tiny', limit=3)}, 'data.limit was 0, is 3'),
    ({'count': 9}, 'other questions (12, now 9)'),
])
def test_a_folder_of_another_run_is_refused(
    folder: Path, change: dict[str, object], words: str,
) -> None:
    before = (folder / RESULTS_FILE).read_bytes()
    with pytest.raises(InvalidRequestError) as error:
        opened(folder, **change)  # type: ignore[arg-type]
    assert words in str(error.value)
    assert '--out' in str(error.value)
    assert (folder / RESULTS_FILE).read_bytes() == before


def test_a_server_may_have_moved(folder: Path) -> None:
    moved = RunConfig(name='rules', base_url='http://elsewhere:8000/v1', traces='all',
                      perception=PerceptionConfig(url='http://elsewhere:9000', token_file='t'))
    with opened(folder, moved) as again:
        assert len(again.results) == 4


@pytest.mark.parametrize(('lines', 'count', 'version'), [
    (None, 4, SHEET.version),  # theirs, whatever today's is
    (b'', 0, '7'),
    (msgspec.json.encode(result(5, 'BACKBONE_UNAVAILABLE')) + b'\n', 0, '7'),  # is asked again
])
def test_the_same_questions_may_be_told_of_otherwise_but_results_keep_their_version(
    folder: Path, lines: bytes | None, count: int, version: str,
) -> None:
    before = read_config(folder)
    if lines is not None:
        (folder / RESULTS_FILE).write_bytes(lines)
    told = dataclasses.replace(SHEET, version='7', title='Told otherwise')
    with RunFolder(folder, {**described(RUN, DATA, told), 'version': 'next'},
                   QUESTIONS[:12]) as again:
        assert len(again.results) == count
    sheet = {**before['sheet'], 'version': version, 'title': 'Told otherwise'}
    assert read_config(folder) == {**before, 'sheet': sheet}


@pytest.mark.parametrize(('fields', 'words'), [
    ({'facts': {'distance_m': math.nan}}, 'must be finite'),
    ({'truth': math.inf}, 'must be finite'),
    ({'truth': (1.0, math.nan, 2.0)}, 'must be finite'),
    ({'text': '\ud800'}, 'texts Unicode'),
])
def test_questions_that_would_not_read_back(
    tmp_path: Path, fields: dict[str, object], words: str,
) -> None:
    broken = Question(**{'id': 'x', 'text': '?', 'media': (), **fields})  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match=words):
        RunFolder(tmp_path / 'run', described(RUN, DATA, SHEET), [*QUESTIONS, broken])


@pytest.mark.parametrize(('error', 'words'), [
    (OSError(errno.ENOLCK, 'No locks available'), "can't be locked .No locks available"),
    (BlockingIOError(errno.EAGAIN, 'busy'), 'another process writes')])
def test_what_cannot_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str,
) -> None:
    def flock(descriptor: int, how: int) -> None:
        raise error
    monkeypatch.setattr(fcntl, 'flock', flock)
    with pytest.raises(InvalidRequestError, match=words):
        opened(tmp_path / 'run')


def test_one_process_at_a_time(folder: Path) -> None:
    with opened(folder), pytest.raises(InvalidRequestError, match='another process writes'):
        opened(folder)
    with opened(folder) as again:
        assert len(again.results) == 4


@pytest.mark.parametrize(('name', 'content', 'words'), [
    (RESULTS_FILE, b'what is this\n', 'results.jsonl line 1 is broken'),
    ('config.json', b'{', "config.json can't be read"),
    ('config.json', None, 'has results and no config.json'),
])
def test_what_cannot_be_gone_on_with(
    folder: Path, name: str, content: bytes | None, words: str,
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(InvalidRequestError, match=words):
        opened(folder)
