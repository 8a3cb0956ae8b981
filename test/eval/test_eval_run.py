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


"""`spatialclaw eval run`: killed, ended with Ctrl-C, gone on with, and with workers that end."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from eval_lab import LOG, PATIENCE_S, Tiny, looks_of, pid_at, started, write_config

from spatialclaw_ros.cli.main import main
from spatialclaw_ros.eval.ask import Asker
from spatialclaw_ros.eval.config import RunConfig
from spatialclaw_ros.eval.records import Result
from spatialclaw_ros.eval.run_files import RESULTS_FILE, read_results
from spatialclaw_ros.eval.run_folder import RunFolder

ALL = [f'q{number:02d}' for number in range(12)]
MEASURED = ['q01', 'q04']  # the one before any is killed, and one that is asked again


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `main` sets for its processes, and leaves set."""
    monkeypatch.setenv('OPENBLAS_NUM_THREADS', '1')


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / 'looks'
    monkeypatch.setenv(LOG, str(path))
    return path


@pytest.fixture(scope='module')
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """What comes of it where nothing happens, in one process."""
    folder = tmp_path_factory.mktemp('unbroken')
    process = started(write_config(folder, measured=MEASURED))
    told, _ = process.communicate()
    assert process.returncode == 0, told
    results = read_results(folder / 'out' / 'rules')
    assert [each.id for each in results if each.said.answered and each.said.sigma] == MEASURED
    return results


def same(results: list[Result], others: list[Result]) -> bool:
    mine, theirs = ({each.id: each for each in some} for some in (results, others))
    return len(results) == len(others) and mine.keys() == theirs.keys() and all(
        each.same_as(theirs[name]) for name, each in mine.items())


def lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def kill_at(question_id: str, config: Path, log: Path, *options: str) -> None:
    """Run it, and kill it while it looks at a question: nobody who looks is left."""
    process = started(config, *options, wait=question_id)
    try:
        who = pid_at(log, question_id, process)
        assert (who == process.pid) == (not options)
    finally:
        process.kill()
        process.communicate()
    end_s = time.monotonic() + PATIENCE_S
    while lives(who):
        assert time.monotonic() < end_s, f'{who} outlives its parent'
        time.sleep(0.02)


def test_killed_twice_it_comes_to_the_same(
    tmp_path: Path, log: Path, unbroken: list[Result],
) -> None:
    config = write_config(tmp_path, measured=MEASURED)
    results = tmp_path / 'out' / 'rules' / RESULTS_FILE
    kill_at('q04', config, log)
    with results.open('ab') as file:  # as if the disk had got half of a line
        file.write(b'{"id":"q04","said":{"sta')
    assert [name for name, _ in looks_of(log)] == ALL[:5]
    kill_at('q09', config, log, '--workers', '2')
    known = {each.id for each in read_results(results.parent)}
    assert {*ALL[:4]} <= known < {*ALL}
    before = len(looks_of(log))
    process = started(config)
    told, _ = process.communicate()
    assert process.returncode == 0, told
    assert f'12 of 12 asked, {12 - len(known)} of them now' in told
    assert same(read_results(results.parent), unbroken)
    assert sorted(name for name, _ in looks_of(log)[before:]) == sorted({*ALL} - known)
    traces = {each.trace for each in read_results(results.parent)} - {''}
    assert traces == {f'traces/{name}' for name in (*ALL[1::2], 'q04')}  # those not right
    assert all((results.parent / each / 'trace.jsonl').is_file() for each in traces)


@pytest.mark.parametrize(('times', 'done'), [(1, 4), (2, 3)])
def test_ctrl_c_ends_it_after_the_question_and_twice_at_once(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str], times: int, done: int,
) -> None:
    config = write_config(tmp_path, signals={'q03': ['SIGINT', 1, times]})
    before = signal.getsignal(signal.SIGINT)
    assert main(['eval', 'run', str(config)]) == 130
    told = capsys.readouterr().out
    assert 'finishing what is under way' in told
    assert 'the same command goes on' in told
    assert signal.getsignal(signal.SIGINT) == before
    results = tmp_path / 'out' / 'rules'
    assert len(read_results(results)) == done
    assert main(['eval', 'run', str(config)]) == 0
    assert sorted(each.id for each in read_results(results)) == ALL
    assert not list(results.glob('traces/.*'))


def test_workers_come_to_the_same_and_one_that_ends_loses_nothing(
    tmp_path: Path, log: Path, unbroken: list[Result], capsys: pytest.CaptureFixture[str],
) -> None:
    config = write_config(tmp_path, signals={'q04': ['SIGKILL', 1, 1]}, measured=MEASURED)
    assert main(['eval', 'run', str(config), '--workers', '2']) == 0
    results = read_results(tmp_path / 'out' / 'rules')
    assert same(results, unbroken)
    assert [each.id for each in results if each.attempts > 1] == ['q04']
    looks = looks_of(log)
    assert os.getpid() not in {pid for _, pid in looks}
    # of the two others one may have done it all before the other began
    assert 2 <= len({pid for _, pid in looks}) <= 3
    assert len({pid for name, pid in looks if name == 'q04'}) == 2


def test_what_goes_wrong_with_a_question_is_its_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    config = write_config(tmp_path, bad=['q02'], buggy=['q03'])
    assert main(['eval', 'run', str(config), '--limit', '0']) == 0
    found = {each.id: each for each in read_results(tmp_path / 'out' / 'rules')}
    assert len(found) == 12
    assert (found['q02'].said.status, found['q02'].said.message) == (
        'INVALID_REQUEST', 'the picture ?q02.png is not there')
    assert found['q03'].said.status == 'INTERNAL_ERROR'
    assert 'ZeroDivisionError: a bug' in found['q03'].said.message
    assert not found['q02'].score.right
    told = capsys.readouterr().out
    assert '5 right, 0 wrong, 5 refused, 1 failed, 1 unreadable' in told
    assert '1 could not be asked: the picture ?q#.png is not there' in told


@pytest.mark.parametrize(('change', 'status', 'words'), [
    (['--only', 'vllm'], 2, "no run 'vllm'; there are rules"),
    (['--set', 'data.ids=[q99]'], 2, "no id 'q99'"),
    (['--set', 'runs.rules.interface=none'], 2, "can not write for the action_interface 'none'"),
    (['--set', 'runs.rules.backbone=recorded', '--set', 'runs.rules.script=/no/such'], 1,
     'is not a script'),
    (['--set', 'runs.rules.backbone=eval_lab:away'], 1, '5 questions in a row found it away'),
    (['--set', 'runs.rules.backbone=eval_lab:away', '--set', 'data.ids=[q03, q04]'], 1,
     '2 questions found a server away: the same command asks them again'),
    (['--set', 'runs.rules.backbone=floor'], 2, 'answers the metric questions of claw-sim'),
])
def test_what_ends_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: list[str], status: int, words: str,
) -> None:
    assert main(['eval', 'run', str(write_config(tmp_path)), *change]) == status
    told = capsys.readouterr()
    assert words in told.out + told.err


def test_a_full_disk_ends_a_run_and_not_a_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    full = OSError(errno.ENOSPC, 'No space left on device')

    def fail(*_: object) -> None:
        raise full
    config = write_config(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Path, 'rename', fail)
        with Asker(RunConfig(name='rules')) as asker:
            result = asker.ask(Tiny(), Tiny().questions()[1], tmp_path / 'traces')
    assert (result.said.status, result.trace) == ('REFUSED', '')
    monkeypatch.setattr(RunFolder, 'add', fail)
    assert main(['eval', 'run', str(config)]) == 1
    assert 'No space left on device; what was written before is kept' in capsys.readouterr().err
