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

import importlib.util
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from escape_corpus import corpus

from spatialclaw_ros.cli.main import build_parser
from spatialclaw_ros.kernel import KernelLimits, gate, worker_maker
from spatialclaw_ros.kernel.support import sandbox_support
from spatialclaw_ros.ros.parameter_table import NODE_PARAMETERS
from spatialclaw_ros.ros.perception_parameters import PERCEPTION_PARAMETERS

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(
    str(path.relative_to(REPOSITORY))
    for path in (*REPOSITORY.glob('docs/*.md'), *REPOSITORY.glob('*.md')))


def text(page: str) -> str:
    return (REPOSITORY / page).read_text(encoding='utf-8')


def commands(page: str) -> list[list[str]]:
    """Return every command in a page's blocks of shell, as words."""
    blocks = re.findall(r'```bash\n(.*?)```', text(page), re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks
             for line in block.replace('\\\n', ' ').splitlines()]
    return [words for words in lines if words]


def inline(page: str) -> list[list[str]]:
    """Return every command within a page's lines, as words; without what stands for a name."""
    prose = re.sub(r'```.*?```', '', text(page), flags=re.DOTALL)
    return [shlex.split(words) for words in re.findall(
        r'`((?:make|spatialclaw|\.venv/bin/\w+) [^`{<]+)`', prose)]


def check_make(words: list[str]) -> None:
    """Let make plan it, and look for the scripts that it would run and the settings it reads."""
    plan = subprocess.run(
        [*words, '--dry-run', '--no-print-directory'], cwd=REPOSITORY, capture_output=True,
        text=True, timeout=60, check=False)
    assert plan.returncode == 0, plan.stderr
    scripts = re.findall(r'(?<![\w./])((?:test|scripts)/[\w/]+(?:\.py)?)', plan.stdout)
    assert [script for script in scripts if not list(REPOSITORY.glob(f'{script}*'))] == []
    for word in words[1:]:
        setting, assigned, _ = word.partition('=')
        assert not assigned or f'$({setting})' in text('Makefile'), word


def check_spatialclaw(words: list[str]) -> None:
    build_parser().parse_args(words[1:])


def check_node(words: list[str]) -> None:
    specs = {spec.name: spec for spec in (*NODE_PARAMETERS, *PERCEPTION_PARAMETERS)}
    for word in words:
        name, assigned, value = word.partition(':=')
        assert not assigned or specs[name].fault(yaml.safe_load(value)) == ''


def check_launch(words: list[str]) -> None:
    package, name, *given = words[2:]
    assert (words[1], package) == ('launch', 'spatialclaw_ros')
    for argument in given:
        assert f"'{argument.partition(':=')[0]}'" in text(f'launch/{name}')


def check_python(words: list[str]) -> None:
    if words[1] == '-m':
        assert importlib.util.find_spec(words[2]) is not None
    else:
        check_paths(words)


def check_paths(words: list[str]) -> None:
    paths = [word for word in words[1:] if '/' in word and not word.startswith('-')]
    assert paths
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []


CHECKS = {'make': check_make, 'spatialclaw': check_spatialclaw, 'spatialclaw_node': check_node,
          'pytest': check_paths, 'python': check_python}
COMMANDS = sorted({(page, shlex.join(words)) for page in PAGES
                   for words in (*commands(page), *inline(page))})


@pytest.mark.parametrize(('page', 'line'), COMMANDS)
def test_commands_would_run(page: str, line: str) -> None:
    words = shlex.split(line)
    check = CHECKS.get(Path(words[0]).name)
    if words[0] == 'ros2' and page != 'README.md':
        check = check_launch
    if check is not None:
        check(words)
    else:  # those of pip and ROS are run by scripts/test_pip and scripts/test_colcon
        assert page == 'README.md'


@pytest.mark.parametrize(('check', 'line'), [
    (check_make, 'make escapes-sandboxed'), (check_make, 'make fuzz MINUTES=3'),
    (check_spatialclaw, 'spatialclaw docter'),
    (check_node, 'spatialclaw_node -p sandbox:=of'), (check_paths, 'pytest test/escape'),
])
def test_commands_that_would_not_are_noticed(
    check: Callable[[list[str]], None], line: str,
) -> None:
    with pytest.raises((AssertionError, SystemExit)):
        check(shlex.split(line))


def test_the_security_page_counts_the_corpus() -> None:
    row, = re.findall(r'^\| techniques in the corpus \| (\d+) \|$', text('docs/security.md'),
                      re.MULTILINE)
    assert int(row) == len(corpus())


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
    space_bytes = limits.memory_bytes + limits.tool_bytes + worker_maker._SCENE_BYTES
    for words in (
            f'{limits.cell_timeout_s:.0f} s without its tool calls', f'{gate.MAX_CELL_CHARS:,}',
            f'{limits.memory_bytes >> 30} GiB of memory',
            f'{space_bytes >> 30} GiB of address space', f'{limits.cpu_s} s of processor time',
            f'{limits.tool_calls} tool calls and {limits.tool_bytes >> 30} GiB',
            f'{limits.shown_bytes >> 20} MiB of pictures',
            f'{limits.argument_bytes >> 20} MiB of arrays given to tools',
            f'{limits.replay_timeout_s:.0f} s, and'):
        assert words in page
