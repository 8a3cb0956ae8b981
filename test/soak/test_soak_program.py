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


"""The soak as a program: a report and a clear status, whatever happens to it."""

from __future__ import annotations

import os
import runpy
import signal
import sys
from pathlib import Path

import pytest
import soak_run
from soak_ledger import Ledger
from soak_report import BEGIN, END, Part

PROGRAM = str(Path(__file__).with_name('__main__.py'))


@pytest.mark.parametrize(('ends', 'status', 'words'), [
    ({}, 0, 'Fell short: nothing.'),
    ({'models': 'fails'}, 1, '- models, 0.0 s: too much'),
    ({'embedded': 'raises'}, 1, 'ended early: it never came up'),
    ({'models': 'raises'}, 1, 'ended early: it never came up'),
    ({'embedded': 'is stopped'}, 130, ''),
])
def test_a_report_and_a_status_in_any_case(ends, status, words, tmp_path, monkeypatch):
    ran = []

    class Soak:
        def __init__(self, kind, _folder, terms, say, stop):
            self.part = Part(kind, Ledger(1.0, say), ())
            self.seconds, self.stop = terms.seconds, stop
            ran.append(self)

        def run(self):
            how = ends.get(self.part.kind)
            if how == 'fails':
                self.part.ledger.fail('too much')
            elif how == 'raises':
                raise RuntimeError('it never came up')
            elif how == 'is stopped':
                handlers[signal.SIGINT]()

        def end(self):
            self.part.ledger.end()

    page = tmp_path / 'page.md'
    page.write_text(f'{BEGIN}\n{END}\n')
    handlers = {}
    monkeypatch.setattr(soak_run, 'Soak', Soak)
    monkeypatch.setattr(signal, 'signal', handlers.__setitem__)
    monkeypatch.setattr(sys, 'argv', [
        'soak', '--seconds', '100', '--folder', str(tmp_path), '--into', str(page)])
    # which it changes for itself
    monkeypatch.setattr(os, 'environ', os.environ.copy())
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(PROGRAM, run_name='__main__')
    assert ended.value.code == status
    report = (tmp_path / 'report.md').read_text()
    assert words in report
    for soak in ran:
        assert f'**Node `{soak.part.kind}`**' in report
    if status == 130:
        assert page.read_text() == f'{BEGIN}\n{END}\n'
    else:
        assert report in page.read_text()
        # the second gets what the first has left
        assert [round(soak.seconds / 50) for soak in ran] == [1, 2]


def test_a_page_without_marks_is_told_before_the_first_minute(tmp_path, monkeypatch, capsys):
    page = tmp_path / 'page.md'
    page.write_text('nothing')
    monkeypatch.setattr(sys, 'argv', ['soak', '--into', str(page)])
    monkeypatch.setattr(os, 'environ', os.environ.copy())
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(PROGRAM, run_name='__main__')
    assert ended.value.code == 2
    assert 'to write between' in capsys.readouterr().err
