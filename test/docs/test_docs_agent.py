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


"""What docs/agent.md says of the agent's cost is measured: the table is whole and is met."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_page import BEGIN, END

_REQUIRED = {
    'query to first request, 32 frames 768x576': '20x faster',
    'query to the request with the frames': '20x faster',
    'step': '10x faster', 'step that shows a picture': '20x faster'}


@pytest.fixture(scope='module')
def table(repository: Path) -> str:
    page = (repository / 'docs' / 'agent.md').read_text(encoding='utf-8')
    return page.partition(BEGIN)[2].partition(END)[0]


def test_the_table_is_whole_and_met(table: str) -> None:
    cells = [[cell.strip() for cell in line.split('|')[1:-1]]
             for line in table.splitlines() if line.startswith('|')]
    rows = {row[0]: (row[-2], row[-1]) for row in cells[2:]}
    assert {name: rows.get(name) for name in _REQUIRED} == {
        name: (required, 'yes') for name, required in _REQUIRED.items()}
    assert 'Short form' not in table


def test_prefixes_hold(table: str) -> None:
    assert 'prefix share within a query: 100 %' in table


def test_the_short_form_is_part_of_what_a_change_must_pass(repository: Path) -> None:
    assert 'make bench-agent SHORT=1' in (repository / '.ci' / 'run').read_text(encoding='utf-8')
