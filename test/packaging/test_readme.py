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

"""What the README says is so: its commands, its links, its table of questions."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from spatialclaw_ros.backbone.rules.parse import parse
from spatialclaw_ros.backbone.rules.plan import FAMILIES
from spatialclaw_ros.cli.main import build_parser


@pytest.fixture(scope='module')
def readme(repository: Path) -> str:
    return (repository / 'README.md').read_text()


def commands(text: str) -> list[list[str]]:
    blocks = re.findall(r'```bash\n(.*?)```', text, re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


def test_make_targets_exist(readme: str, repository: Path) -> None:
    makefile = (repository / 'Makefile').read_text()
    targets = [words[1] for words in commands(readme) if words[0] == 'make']
    assert targets == ['demo', 'test', 'demo-interfaces']
    for target in targets:
        assert re.search(rf'^{target}:', makefile, re.MULTILINE)


def test_spatialclaw_commands_parse(readme: str) -> None:
    lines = [words[1:] for words in commands(readme) if words[0] == 'spatialclaw']
    assert lines
    for arguments in lines:
        options = build_parser().parse_args(arguments)
        if arguments[0] == 'ask':
            assert parse(options.question) is not None


def test_linked_files_exist(readme: str, repository: Path) -> None:
    links = re.findall(r'\]\((?!https?:|#)([^)]+)\)', readme)
    assert len(links) > 5
    assert [link for link in links if not (repository / link).exists()] == []


def test_the_questions_it_shows_are_of_the_backbones_kinds(readme: str) -> None:
    table = readme[readme.index('| kind | for example |'):].split('\n\n')[0]
    rows = {tuple(cell.strip() for cell in line.strip('|').split('|'))
            for line in table.splitlines()[2:]}
    assert len(rows) > 5
    assert rows <= set(FAMILIES)
    assert f'all {len(FAMILIES)} kinds' in readme
    assert all(parse(example) is not None for _, example in FAMILIES)
