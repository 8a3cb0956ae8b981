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



"""Every block of the pages is of a kind that a rule knows, and is what it claims to be."""

from __future__ import annotations

import ast
import shlex
from typing import Any
from xml.etree import ElementTree

import docs_shell
import msgspec
import pytest
import yaml
from docs_pages import REPOSITORY, Snippet, pages, snippets

from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.eval.folder_questions import Entry, Listed

EVERY = [each for page in pages() for each in snippets(page)]
LICENCE_END = '# limitations under the License.\n'


def flat(values: dict[str, Any], start: str = '') -> dict[str, Any]:
    """Values by dotted name."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= flat(value, f'{start}{name}.') if isinstance(value, dict) else {
            f'{start}{name}': value}
    return found


def check_yaml(snippet: Snippet) -> None:
    """Parameters that a node would take, with or without what a parameter file has around them; or
    questions about frames.
    """
    values = yaml.safe_load(snippet.text)
    if 'questions' in values:
        msgspec.convert(msgspec.convert(values, Listed).questions, list[Entry])
        return
    for key in ('/**', 'ros__parameters'):
        values = values.get(key, values)
    docs_shell.parameters(flat(values))


def check_python(snippet: Snippet) -> None:
    """It can be read; what it does is tried with a node, or is the file that it shows."""
    ast.parse(snippet.text)
    if snippet.file:
        code = (REPOSITORY / snippet.file).read_text(encoding='utf-8').partition(LICENCE_END)[2]
        assert snippet.text == f'{code.strip()}\n', f'write {snippet.file} into the page again'


def check_xml(snippet: Snippet) -> None:
    ElementTree.fromstring(snippet.text)


def check_text(snippet: Snippet) -> None:
    """What is shown, a drawing or an output, holds no command: those are for `bash`."""
    for line in snippet.text.splitlines():
        words = docs_shell.bare(line.removeprefix('$ ').split())
        assert not words or words[0] not in {*docs_shell.RULES, 'ros2'}, line


def check_shell(snippet: Snippet) -> None:
    """It can be split into words; each command has a test of its own."""
    for line in snippet.text.replace('\\\n', ' ').splitlines():
        shlex.split(line, comments=True)


CHECKS = {'bash': check_shell, 'python': check_python, 'yaml': check_yaml, 'xml': check_xml,
          'text': check_text, '': check_text}


@pytest.mark.parametrize('snippet', EVERY, ids=str)
def test_snippets_are_what_they_claim(snippet: Snippet) -> None:
    assert snippet.language in CHECKS, f'no rule knows {snippet.language!r}'
    CHECKS[snippet.language](snippet)


@pytest.mark.parametrize(('language', 'text'), [
    ('yaml', '/**:\n  ros__parameters: {windows_s: 2.0}\n'), ('yaml', 'segment: sam4\n'),
    ('yaml', "backbone: 'own.make'\n"), ('python', 'def broken(:\n'),
    ('text', 'make demo\n'), ('text', 'ros2 node list\n'),
    ('', 'RAY_ADDRESS=auto python -m pytest\n'), ('bash', "spatialclaw ask 'How\n"),
    ('xml', '<profiles>\n'), ('yaml', 'questions: [{ask: far, answer: 1}]\n')])
def test_what_is_wrong_is_noticed(language: str, text: str) -> None:
    with pytest.raises((AssertionError, SyntaxError, ValueError, SpatialClawError,
                        ElementTree.ParseError,
                        msgspec.ValidationError)):
        CHECKS[language](Snippet('page.md', language, text, 1))


def test_what_a_page_shows_of_a_file_is_the_file() -> None:
    shown = [each for each in EVERY if each.file]
    assert {'examples/own_masks.py', 'examples/own_backbone.py'} <= {each.file for each in shown}
    assert all(each.language == 'python' for each in shown)
