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


"""`spatialclaw view`: the list, one page, several side by side."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest
from trace_lab import QUESTION, make_trace, reply

from spatialclaw_ros.agent.trace import TRACE_FILE
from spatialclaw_ros.agent.trace_page import PAGE_FILE
from spatialclaw_ros.cli.main import main
from spatialclaw_ros.kernel import Kernel


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('traces')
    with Kernel() as kernel:
        make_trace(kernel, root, 'first', replies=[reply("ReturnAnswer(0.5, unit='m')")])
        make_trace(kernel, root, 'second', replies=[reply("ReturnAnswer(None, reason='dark')")])
    return root


def test_a_folder_of_traces_is_listed(root, capsys) -> None:
    assert main(['view', str(root)]) == 0
    out = capsys.readouterr().out
    assert out.index('second') < out.index('first')
    for part in (QUESTION, 'OK', '0.500 m', 'REFUSED', 'dark', '1 cell', ' s,'):
        assert part in out


def test_a_broken_trace_does_not_hide_the_others(root, tmp_path, capsys) -> None:
    (tmp_path / 'broken').mkdir()
    (tmp_path / 'broken' / TRACE_FILE).write_text('{}\n')
    (tmp_path / 'whole').mkdir()
    (tmp_path / 'whole' / TRACE_FILE).write_bytes((root / 'first' / TRACE_FILE).read_bytes())
    assert main(['view', str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert 'line 1 is broken' in out
    assert '0.500 m' in out


def test_what_a_list_prints_cannot_steer_a_terminal(root, tmp_path, capsys) -> None:
    (tmp_path / 'q').mkdir()
    text = (root / 'first' / TRACE_FILE).read_text(encoding='utf-8')
    (tmp_path / 'q' / TRACE_FILE).write_text(
        text.replace(QUESTION, 'how\\u001b[2J far\\u202e?'), encoding='utf-8')
    assert main(['view', str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert 'far' in out
    assert not set('\x1b\u202e') & set(out)


def test_one_trace_is_opened(root, capsys, monkeypatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, 'open', lambda url: opened.append(url) or True)
    assert main(['view', str(root / 'first')]) == 0
    page = root / 'first' / PAGE_FILE
    assert opened == [page.as_uri()]
    assert capsys.readouterr().out.strip() == str(page)


def test_several_become_one_page(root, tmp_path, capsys) -> None:
    out = tmp_path / 'compared.html'
    folders = [str(root / name) for name in ('first', 'second')]
    assert main(['view', *folders, '--no-browser', '--out', str(out)]) == 0
    html = out.read_text(encoding='utf-8')
    assert '0.500 m' in html
    assert 'dark' in html
    assert main(['view', *folders, '--no-browser']) == 0
    made = Path(capsys.readouterr().out.split()[-1])
    assert made.read_text(encoding='utf-8') == html


def test_a_trace_without_its_page_gets_one(root, tmp_path, capsys) -> None:
    (tmp_path / TRACE_FILE).write_bytes((root / 'first' / TRACE_FILE).read_bytes())
    assert main(['view', str(tmp_path), '--no-browser']) == 0
    assert '0.500 m' in Path(capsys.readouterr().out.strip()).read_text(encoding='utf-8')


def test_a_machine_without_a_browser_is_told(root, capsys, monkeypatch) -> None:
    monkeypatch.setattr(webbrowser, 'open', lambda url: False)
    assert main(['view', str(root / 'first')]) == 0
    assert 'no browser was found' in capsys.readouterr().out


@pytest.mark.parametrize(('arguments', 'status', 'part'), [
    (['{tmp}'], 1, 'no traces in'),
    (['{tmp}/none'], 1, 'is no trace'),
    (['{root}', '--out', 'x.html'], 2, '--out needs'),
    (['{root}/first', '--no-browser', '--out', '{tmp}/no/such/folder'], 1, "can't be written"),
])
def test_what_it_cannot_do(root, tmp_path, capsys, arguments, status, part) -> None:
    filled = [each.format(tmp=tmp_path, root=root) for each in arguments]
    assert main(['view', *filled]) == status
    assert part in capsys.readouterr().out.replace('\n', ' ')
