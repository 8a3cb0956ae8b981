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


"""What docs/kernel.md says is so: its example runs, its commands are there, its table is met."""

from __future__ import annotations

import re
import shlex
import types
from pathlib import Path

import pytest
from bench_page import BEGIN, END
from bench_scene import Tools, observation

_ROWS = (
    'query start, 32 frames 768x576', 'trivial cell, whole step',
    'cell with 1,000 lines and an array', '197 MB of tool results, host to cell',
    'host memory that queries leave behind', 'time-out of an endless loop to ready',
    'the same, the loop swallows interrupts', 'crash (segmentation fault) to ready',
    'idle worker, private memory', 'ground plane of one frame',
    'ground plane of 32 frames together', 'render_bev with 3 objects', 'visualize, 3 masks')


@pytest.fixture(scope='module')
def page(repository: Path) -> str:
    return (repository / 'docs' / 'kernel.md').read_text(encoding='utf-8')


def test_the_example_runs(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    tools = Tools()
    module = types.ModuleType('example')
    module.__dict__.update(observation=observation(), tools=tools)
    exec(compile(code, 'kernel.md', 'exec'), module.__dict__)
    median, *rest = capsys.readouterr().out.split()
    assert float(median) == pytest.approx(0.5, abs=0.01)
    assert rest == ['None', '()', 'None']


def test_the_commands_are_there(page: str, repository: Path) -> None:
    makefile = (repository / 'Makefile').read_text(encoding='utf-8')
    recipe, = re.findall(r'^bench-kernel:.*\n((?:\t.*\n)+)', makefile, re.MULTILINE)
    block, = re.findall(r'```bash\n(.*?)```', page, re.DOTALL)
    for line in block.splitlines():
        make, target, *settings = shlex.split(line, comments=True)
        assert (make, target) == ('make', 'bench-kernel')
        assert all(f'$({setting.split("=")[0]})' in recipe for setting in settings)
    for script in re.findall(r'`\.venv/bin/python (\S+)`', page):
        assert (repository / script).exists()


def test_the_short_form_is_part_of_what_a_change_must_pass(repository: Path) -> None:
    assert 'make bench-kernel SHORT=1' in (repository / '.ci' / 'run').read_text(encoding='utf-8')


def test_the_table_is_whole_and_what_falls_short_is_told(page: str) -> None:
    table = page.partition(BEGIN)[2].partition(END)[0]
    cells = [[cell.strip() for cell in line.split('|')[1:-1]]
             for line in table.splitlines() if line.startswith('|')]
    met = {row[0]: row[-1] for row in cells[2:]}
    assert [name for name in _ROWS if met.get(name) not in ('yes', 'NO')] == []
    told = page.partition('## Falls short')[2].partition('\n## ')[0]
    assert [name for name, state in met.items() if state == 'NO' and f'"{name}"' not in told] == []
