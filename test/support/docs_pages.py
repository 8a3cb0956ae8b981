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



"""The pages of the repository as tests read them: their blocks, their commands, their links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(
    r'^(?P<mark>```|~~~~)(?P<language>[\w-]*)\n(?P<text>.*?)^(?P=mark)[ \t]*$',
    re.MULTILINE | re.DOTALL)
FILE = re.compile(r'<!-- file: (\S+) -->\n\Z')
INLINE = re.compile(r'`((?:make|spatialclaw|ros2|pip|docker|\.venv/bin/\w+|python scripts/\w+\.py)'
                    r'(?: [^`{}<>]+)?)`')
SPLIT = {'&&', ';', '|', '||', '&'}


@dataclass(frozen=True)
class Snippet:
    """A fenced block.

    Args:
        page: path of the page in the repository.
        language: after the fence; '' for none.
        text: between the fences.
        line: where it begins.
        file: the file that it shows, as the comment before it says; '' for none.
    """

    page: str
    language: str
    text: str
    line: int
    file: str = ''

    def __str__(self) -> str:
        return f'{self.page}:{self.line}'


def pages() -> list[str]:
    """All pages that a person reads, as paths in the repository."""
    found = [path for pattern in ('*.md', 'docs/*.md', 'examples/*.md', 'docker/*.md')
             for path in REPOSITORY.glob(pattern)]
    return sorted(str(path.relative_to(REPOSITORY)) for path in found)


def text(page: str) -> str:
    """A page, or any other file."""
    return (REPOSITORY / page).read_text(encoding='utf-8')


def snippets(page: str, language: str | None = None) -> list[Snippet]:
    """Blocks of a page; of a language alone where one is given."""
    whole = text(page)
    found = []
    for match in FENCE.finditer(whole):
        before = whole[:match.start()]
        shown = FILE.search(before)
        found.append(Snippet(
            page, match['language'], match['text'], before.count('\n') + 1,
            shown[1] if shown else ''))
    return [each for each in found if language in (None, each.language)]


def prose(page: str) -> str:
    """A page without its blocks."""
    return FENCE.sub('', text(page))


def commands(page: str) -> list[str]:
    """Every command in a page's blocks of shell, and those within its lines, quoted again."""
    lines = [line for block in snippets(page, 'bash')
             for line in block.text.replace('\\\n', ' ').splitlines()]
    found = [words for line in lines for words in split(line)]
    found += [words for match in INLINE.finditer(prose(page))
              for words in split(' '.join(match[1].split())) if _is_whole(words)]
    return list(dict.fromkeys(shlex.join(words) for words in found))


def split(line: str) -> Iterator[list[str]]:
    """Commands of a line, without comments and what joins them."""
    words: list[str] = []
    for word in (*shlex.split(line, comments=True), '&&'):
        if word in SPLIT:
            if words:
                yield words
            words = []
        else:
            words.append(word)


def _is_whole(words: list[str]) -> bool:
    """Whether a line of prose gives a command to type; "`ros2 param set`" only names one."""
    return len(words) > (3 if words[0] == 'ros2' else 1) and words != ['spatialclaw', 'ask']
