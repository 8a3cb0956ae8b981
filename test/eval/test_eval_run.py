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

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from eval_lab import LOG, WAIT, looks_of, pid_at, write_config

from spatialclaw_ros.cli.main import main
from spatialclaw_ros.eval.records import Result
from spatialclaw_ros.eval.run_folder import RESULTS_FILE, read_results

SUPPORT = Path(__file__).resolve().parent.parent / 'support'
ALL = [f'q{number:02d}' for number in range(12)]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / 'looks'
    monkeypatch.setenv(LOG, str(path))
    return path


@pytest.fixture(scope='module')
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """What comes of it where nothing happens."""
    folder = tmp_path_factory.mktemp('unbroken')
    assert main(['eval', 'run', str(write_config(folder))]) == 0
    return read_results(folder / 'out' / 'rules')


def same(results: list[Result], others: list[Result]) -> bool:
    mine, theirs = ({each.id: each for each in some} for some in (results, others))
    return len(results) == len(others) and mine.keys() == theirs.keys() and all(
        each.same_as(theirs[name]) for name, each in mine.items())


def kill_at(question_id: str, config: Path, log: Path) -> None:
    """Run it in a process of its own, which is killed while it looks at a question."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'spatialclaw_ros.cli.main', 'eval', 'run', str(config)],
        cwd=config.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env={**os.environ, WAIT: question_id, 'PYTHONPATH': str(SUPPORT)})
    try:
        assert pid_at(log, question_id, process) == process.pid
    finally:
        process.kill()
        process.communicate()


def test_killed_twice_it_comes_to_the_same(
    tmp_path: Path, log: Path, unbroken: list[Result], capsys: pytest.CaptureFixture[str],
) -> None:
    config, results = write_config(tmp_path), tmp_path / 'out' / 'rules' / RESULTS_FILE
    kill_at('q04', config, log)
    with results.open('ab') as file:  # as if the disk had got half of a line
        file.write(b'{"id":"q04","said":{"sta')
    kill_at('q09', config, log)
    assert main(['eval', 'run', str(config)]) == 0
    assert '12 of 12 asked, 3 of them now' in capsys.readouterr().out
    assert same(read_results(results.parent), unbroken)
    assert [name for name, _ in looks_of(log)] == [
        *ALL[:5], *ALL[4:10], *ALL[9:]]  # none but those that were under way twice
    traces = {each.trace for each in read_results(results.parent)} - {''}
    assert traces == {f'traces/{name}' for name in ALL[1::2]}  # of those that are not right
    assert all((results.parent / each / 'trace.jsonl').is_file() for each in traces)


@pytest.mark.parametrize(('times', 'done'), [(1, 4), (2, 3)])
def test_ctrl_c_ends_it_after_the_question_and_twice_at_once(
    tmp_path: Path, log: Path, unbroken: list[Result], capsys: pytest.CaptureFixture[str],
    times: int, done: int,
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
    assert same(read_results(results), unbroken)
    assert not list(results.glob('traces/.*'))


def test_workers_come_to_the_same_and_one_that_ends_loses_nothing(
    tmp_path: Path, log: Path, unbroken: list[Result], capsys: pytest.CaptureFixture[str],
) -> None:
    config = write_config(tmp_path, signals={'q04': ['SIGKILL', 1, 1]})
    assert main(['eval', 'run', str(config), '--workers', '2']) == 0
    results = read_results(tmp_path / 'out' / 'rules')
    assert same(results, unbroken)
    assert [each.id for each in results if each.attempts > 1] == ['q04']
    pids = {pid for _, pid in looks_of(log)}
    assert os.getpid() not in pids
    assert len(pids) == 3


def test_what_goes_wrong_with_a_question_is_its_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    config = write_config(tmp_path, bad=['q02'], buggy=['q03'])
    assert main(['eval', 'run', str(config), '--limit', '0']) == 0
    found = {each.id: each for each in read_results(tmp_path / 'out' / 'rules')}
    assert len(found) == 12
    assert (found['q02'].said.status, found['q02'].said.message) == (
        'INVALID_REQUEST', 'the picture of q02 is not there')
    assert found['q03'].said.status == 'INTERNAL_ERROR'
    assert 'ZeroDivisionError: a bug' in found['q03'].said.message
    assert not found['q02'].score.right
    assert '5 right, 0 wrong, 5 refused, 1 failed, 1 unreadable' in capsys.readouterr().out


@pytest.mark.parametrize(('change', 'status', 'words'), [
    (['--only', 'vllm'], 2, "no run 'vllm'; there are rules"),
    (['--set', 'data.ids=[q99]'], 2, "no id 'q99'"),
    (['--set', 'runs.rules.interface=none'], 2, "can not write for the action_interface 'none'"),
    (['--set', 'runs.rules.backbone=recorded', '--set', 'runs.rules.script=/no/such'], 1,
     'is not a script'),
    (['--set', 'runs.rules.backbone=eval_lab:away'], 1, '5 questions in a row found it away'),
])
def test_what_ends_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: list[str], status: int, words: str,
) -> None:
    assert main(['eval', 'run', str(write_config(tmp_path)), *change]) == status
    told = capsys.readouterr()
    assert words in told.out + told.err
