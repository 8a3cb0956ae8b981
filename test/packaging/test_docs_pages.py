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


"""What the pages under docs/ say is so: their commands, their links, the parts they name."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from spatialclaw_ros.cli.main import build_parser
from spatialclaw_ros.kernel import KernelLimits, gate
from spatialclaw_ros.kernel.support import sandbox_support
from spatialclaw_ros.ros.parameters import NODE_PARAMETERS

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(
    str(path.relative_to(REPOSITORY))
    for path in (*REPOSITORY.glob('docs/*.md'), *REPOSITORY.glob('*.md')))

# Which test runs what a page tells to type: a command's beginning, a test file, words in it.
RUN_BY = (
    ('spatialclaw doctor', 'test/cli/test_cli_doctor.py', 'doctor.run('),
    ('spatialclaw demo', 'test/sim/test_demo_command.py', "'demo'"),
    ('spatialclaw ask', 'test/cli/test_cli_ask.py', 'ask'),
    ('spatialclaw_node --ros-args', 'test/ros/test_node_sandbox.py', 'sandbox'),
    ('make fuzz', 'test/fuzz/test_fuzzers.py', 'fuzz'),
    ('make escapes-unsandboxed', 'test/escapes/test_escapes.py', 'escapes-unsandboxed'),
)


def text(page: str) -> str:
    return (REPOSITORY / page).read_text(encoding='utf-8')


def commands(page: str) -> list[list[str]]:
    """Return every command in a page's blocks of shell, as words."""
    blocks = re.findall(r'```bash\n(.*?)```', text(page), re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks
             for line in block.replace('\\\n', ' ').splitlines()]
    return [words for words in lines if words]


@pytest.mark.parametrize('page', PAGES)
def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r'^([\w-]+):', text('Makefile'), re.MULTILINE))
    named = {word for words in commands(page) if words[0] == 'make' for word in words[1:]
             if '=' not in word}
    named |= set(re.findall(r'`make ([a-z-]+)', text(page)))
    assert named <= targets


@pytest.mark.parametrize('page', PAGES)
def test_commands_of_the_package_are_understood(page: str) -> None:
    specs = {spec.name: spec for spec in NODE_PARAMETERS}
    for words in commands(page):
        if words[0] == 'spatialclaw':
            build_parser().parse_args(words[1:])
        for word in words:
            name, assigned, value = word.partition(':=')
            if assigned and words[0] == 'spatialclaw_node':
                assert specs[name].fault(yaml.safe_load(value)) == ''


@pytest.mark.parametrize('page', PAGES)
def test_tests_and_scripts_exist(page: str) -> None:
    for words in commands(page):
        if Path(words[0]).name in ('pytest', 'python'):
            paths = [word for word in words[1:] if '/' in word and not word.startswith('-')]
            assert [path for path in paths if not (REPOSITORY / path).exists()] == []


@pytest.mark.parametrize(('command', 'test', 'words'), RUN_BY)
def test_commands_are_run_by_a_test(command: str, test: str, words: str) -> None:
    assert words in text(test), f'{test} does not run `{command}` any more'


def test_the_security_page_tells_only_what_a_test_runs() -> None:
    for words in commands('docs/security.md'):
        line = ' '.join(words)
        assert Path(words[0]).name == 'pytest' or line.startswith(
            tuple(command for command, _, _ in RUN_BY)), line


@pytest.mark.parametrize('page', PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in re.findall(r'\]\((?!https?:)([^)]+)\)', text(page)):
        path, _, heading = link.partition('#')
        target = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        assert target.exists(), link
        if heading:
            titles = re.findall(r'^#+ (.*)$', target.read_text(encoding='utf-8'), re.MULTILINE)
            assert heading in {re.sub(r'[^\w -]', '', title.lower()).replace(' ', '-')
                               for title in titles}, link


def test_readme_leads_to_every_page() -> None:
    linked = set(re.findall(r'\]\((docs/[\w.]+)\)', text('README.md')))
    assert linked >= {page for page in PAGES if page.startswith('docs/')}


def test_the_security_page_names_every_part_of_the_sandbox() -> None:
    rows = re.findall(r'^\| ([\w -]+) \|', text('docs/security.md'), re.MULTILINE)
    for part in sandbox_support():
        assert part.name in rows


def test_the_security_page_states_the_bounds_as_they_are() -> None:
    page, limits = text('docs/security.md'), KernelLimits()
    for words in (
            f'{limits.cell_timeout_s:.0f} s without its tool calls', f'{gate.MAX_CELL_CHARS:,}',
            f'{limits.memory_bytes >> 30} GiB of memory', f'{limits.cpu_s} s of processor time',
            f'{limits.tool_calls} tool calls and {limits.tool_bytes >> 30} GiB',
            f'{limits.shown_bytes >> 20} MiB of pictures', f'{limits.replay_timeout_s:.0f} s, and'):
        assert words in page
