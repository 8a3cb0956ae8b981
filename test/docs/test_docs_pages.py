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



"""What the pages state as facts is so: links, numbers of the sandbox, messages, definitions."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest
from docs_pages import INLINE, REPOSITORY, pages, prose, text
from escape_corpus import corpus

from spatialclaw_ros.backbone.rules.parse import parse
from spatialclaw_ros.backbone.rules.plan import FAMILIES
from spatialclaw_ros.kernel import KernelLimits, gate, worker_maker
from spatialclaw_ros.kernel.support import sandbox_support
from spatialclaw_ros.workspace.question import AnswerType, Status

VALUE = '\0'
LINK = re.compile(r'\]\((?!https?:)([^)]+)\)')
QUOTING = ('docs/troubleshooting.md',)


@pytest.mark.parametrize('page', pages())
def test_links_lead_somewhere(page: str) -> None:
    for link in LINK.findall(prose(page)):
        path, _, heading = link.partition('#')
        target = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        assert target.exists(), link
        if heading:
            titles = re.findall(r'^#+ (.*)$', target.read_text(encoding='utf-8'), re.MULTILINE)
            assert heading in {re.sub(r'[^\w -]', '', title.lower()).replace(' ', '-')
                               for title in titles}, link


def test_the_front_pages_lead_to_every_page() -> None:
    linked = {f'docs/{name}' for name in re.findall(
        r'\]\((?:docs/)?(\w+\.md)', text('README.md') + text('docs/index.md'))}
    deeper = {f'docs/{name}' for page in linked if (REPOSITORY / page).exists()
              for name in re.findall(r'\]\((\w+\.md)', text(page))}
    assert linked | deeper | {'docs/index.md'} >= {
        page for page in pages() if page.startswith('docs/')}


def test_the_security_page_counts_the_corpus() -> None:
    row, = re.findall(r'^\| techniques in the corpus \| (\d+) \|$', text('docs/security.md'),
                      re.MULTILINE)
    assert int(row) == len(corpus())


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


def test_the_questions_page_has_every_family() -> None:
    page = text('docs/questions.md')
    for name, example in FAMILIES:
        assert f'| {name} | {example} |' in page
        assert parse(example) is not None


@pytest.mark.parametrize('page', ['docs/answers.md', 'docs/troubleshooting.md'])
def test_every_status_has_its_line(page: str) -> None:
    rows = re.findall(r'^\| `([A-Z_]+)` \|', text(page), re.MULTILINE)
    assert {status.name for status in Status} <= set(rows)


def test_every_type_of_answer_has_its_line() -> None:
    rows = re.findall(r'^\| `([A-Z_]+)` \|', text('docs/answers.md'), re.MULTILINE)
    assert {kind.name for kind in AnswerType} - {'ANY'} <= set(rows)


@lru_cache(maxsize=1)
def said() -> str:
    """Every text of the sources, a line each, a NUL for each value put into it."""
    texts = set()
    for path in (REPOSITORY / 'spatialclaw_ros').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.JoinedStr):
                texts.add(''.join(str(part.value) if isinstance(part, ast.Constant) else VALUE
                                  for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
    return '\n'.join(' '.join(each.split()) for each in texts)


def is_said(message: str) -> bool:
    """Whether a text of the sources has a message's parts, between its `…`, in their order."""
    parts = [re.escape(part.strip()) for part in message.split('…') if part.strip()]
    return re.search('.*'.join(parts), said()) is not None


def quoted(page: str) -> list[str]:
    """What a page quotes of the node, in the first two cells of its rows: code of words."""
    rows = re.findall(r'^\| (.*) \|$', text(page), re.MULTILINE)
    found = [code for row in rows for code in re.findall(r'`([^`]+)`', ' | '.join(
        row.split(' | ')[:2]))]
    return [code for code in found if not INLINE.fullmatch(f'`{code}`')
            and ('…' in code or len(code.split()) >= 4)]


@pytest.mark.parametrize(('page', 'message'), [
    (page, message) for page in QUOTING for message in quoted(page)])
def test_messages_are_those_of_the_sources(page: str, message: str) -> None:
    assert is_said(message), f'no part of the node says {message!r}'


def test_a_message_that_nobody_says_is_noticed() -> None:
    assert not is_said('no image on … since breakfast')
    assert len(quoted(QUOTING[0])) > 20


def test_the_page_of_inputs_names_the_bounds_of_its_bench() -> None:
    bounds = dict(re.findall(
        r'^(MAX_\w+) = ([\d.]+)$',
        text('test/bench/ros_bench.py') + text('test/bench/cancel_rows.py'), re.MULTILINE))
    page = ' '.join(text('docs/inputs.md').split())
    assert f'demands less than {1e3 * float(bounds["MAX_OVERHEAD_S"]):g} ms' in page
    assert f'{float(bounds["MAX_CANCEL_S"]):g} s are allowed' in page


def test_the_definitions_are_those_of_the_interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / 'scripts'))
    page = text('docs/interfaces.md')
    assert importlib.import_module('write_interfaces_page').written(page) == page, (
        'run python scripts/write_interfaces_page.py')


def test_each_page_stands_in_the_navigation_once() -> None:
    stands = re.findall(r'^ +- (\w+\.md)$', text('mkdocs.yml'), re.MULTILINE)
    assert sorted(stands) == sorted(
        page.removeprefix('docs/') for page in pages() if page.startswith('docs/'))


def test_pictures_are_small_shown_and_made_by_the_script() -> None:
    folder = REPOSITORY / 'docs' / 'images'
    there = {path.name for path in folder.iterdir()}
    shown = {name for page in pages() for name in re.findall(r'images/([\w.]+)\)', text(page))}
    made = set(re.findall(r"'(\w+\.(?:png|jpg))'", text('scripts/make_pictures.py'))) - {'shot.png'}
    assert there == shown == made
    assert [name for name in there if (folder / name).stat().st_size > 200_000] == []


@pytest.mark.skipif(
    importlib.util.find_spec('material') is None, reason="needs pip install '.[docs]'")
def test_the_site_is_built_without_a_word(tmp_path: Path) -> None:
    """Links, anchors and navigation are right; nothing is fetched from another host."""
    # with --quiet, mkdocs counts no warnings
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', str(tmp_path)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    built = list(tmp_path.rglob('*.html'))
    assert {Path(page).stem for page in pages() if page.startswith('docs/')} <= {
        path.stem for path in built}
    for path in built:
        page = path.read_text(encoding='utf-8')
        assert not re.findall(
            r'<(?:script|img|iframe|source)[^>]+src="?(?:https?:)?//', page), path.name
        assert not re.findall(r'<link[^>]+rel="?(?:stylesheet|preconnect)[^>]+//', page), path.name
