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


"""`spatialclaw eval`: what it lists, what it refuses, and that a run's folder can be reported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from eval_lab import write_config

from spatialclaw_ros.cli.main import main
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.catalogue import sheets
from spatialclaw_ros.eval.report.reading import read_runs
from spatialclaw_ros.eval.run_files import run_folders


def test_all_data_sets_are_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('COLUMNS', '200')
    assert main(['eval', 'list']) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert set(rows) == {'set', *sheets()}
    assert 'Apache-2.0' in rows['claw-sim']
    assert ' 500 ' in rows['claw-sim']


def test_one_is_told_with_what_it_needs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    sheet = sheets()['erqa']
    monkeypatch.delenv('OPENBLAS_NUM_THREADS', raising=False)
    assert main(['eval', 'list', 'erqa']) == 0
    assert os.environ['OPENBLAS_NUM_THREADS'] == '1'  # for all who ask
    told = capsys.readouterr().out
    assert all(each in told for each in (sheet.title, sheet.home, sheet.files[0]))
    assert main(['eval', 'list', 'erqa', '--data', str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().out
    assert main(['eval', 'list', 'erqua']) == 2
    assert 'there are claw-sim' in capsys.readouterr().err


def test_what_is_there_of_each_is_told(
    capsys: pytest.CaptureFixture[str], redkitchen: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('COLUMNS', '400')
    (tmp_path / 'folder').symlink_to(redkitchen)
    assert main(['eval', 'list', '--data', str(tmp_path)]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert '4 questions in' in rows['folder']
    assert 'questions in' not in rows['erqa']


def test_a_run_can_be_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['eval', 'run', str(write_config(tmp_path)), '--limit', '5']) == 0
    out = tmp_path / 'out'
    assert run_folders([out]) == run_folders([out / 'rules', out]) == [out / 'rules']
    [run] = read_runs([out / 'rules'])
    assert len(run.questions) == len(run.entries) == 5
    assert not run.notes
    with pytest.raises(InvalidRequestError, match='holds none'):
        run_folders([tmp_path])
    assert main(['eval', 'report', str(tmp_path)]) == 2
    assert 'eval run CONFIG' in capsys.readouterr().err
