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



"""Writes the definitions of `docs/interfaces.md`; a test compares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / 'docs' / 'interfaces.md'
BEGIN, END = '<!-- definitions -->\n', '<!-- /definitions -->'
FILES = ('srv/SpatialQuery.srv', 'action/SpatialQuery.action', 'msg/SpatialAnswer.msg',
         'msg/SpatialEvent.msg', 'msg/SpatialFrame.msg', 'msg/SpatialTiming.msg')
PARTS = {'msg': ('',), 'srv': ('Request', 'Response'), 'action': ('Goal', 'Result', 'Feedback')}
CONSTANT = re.compile(r'(?P<type>[\w/]+)\s+(?P<name>[A-Z]\w*)\s*=\s*(?P<value>\S+)')
FIELD = re.compile(r'(?P<type>[\w/]+(?:\[\d*\])?)\s+(?P<name>[a-z]\w*)')


def definitions() -> str:
    """All definitions, as Markdown."""
    return '\n'.join(line for path in FILES for line in definition(path))


def definition(path: str) -> Iterator[str]:
    """One file: its name, its words, a table of constants and of fields for each part."""
    kind, stem = path.split('/')
    text = (ROOT / path).read_text(encoding='utf-8')
    yield f'### {kind}/{Path(stem).stem}'
    yield ''
    for part, body in zip(PARTS[kind], re.split(r'^---$', text, flags=re.MULTILINE)):
        if part == 'Goal' and fields(body) == fields(_request()):
            yield from (*_words(body, stop='The goal has'), '**Goal**: the fields of the service.',
                        '')
            continue
        if part:
            yield from (f'**{part}**', '')
        yield from _words(body)
        yield from _table(('constant', 'value', 'meaning'), constants(body))
        yield from _table(('field', 'type', 'meaning'), fields(body))


def constants(body: str) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each."""
    return [(f'`{found["name"]}`', found['value'], comment)
            for code, comment in _lines(body) if (found := CONSTANT.fullmatch(code))]


def fields(body: str) -> list[tuple[str, str, str]]:
    """Name, type and meaning of each."""
    return [(f'`{found["name"]}`', f'`{found["type"]}`', comment)
            for code, comment in _lines(body) if (found := FIELD.fullmatch(code))]


def _request() -> str:
    return (ROOT / 'srv/SpatialQuery.srv').read_text(encoding='utf-8').split('\n---')[0]


def _lines(body: str) -> Iterator[tuple[str, str]]:
    for line in body.splitlines():
        code, _, comment = line.partition('#')
        if code.strip():
            yield code.strip(), comment.strip().replace('|', '\\|')


def _words(body: str, stop: str = '\0') -> list[str]:
    """The comment that a part begins with, as a paragraph."""
    lines: list[str] = []
    for line in body.strip().splitlines():
        if not line.startswith('#') or line[1:].strip().startswith(stop):
            break
        lines.append(line[1:].strip())
    return [' '.join(lines), ''] if lines else []


def _table(head: tuple[str, ...], rows: list[tuple[str, str, str]]) -> Iterator[str]:
    if rows:
        yield f'| {" | ".join(head)} |'
        yield '|---|---|---|'
        yield from (f'| {" | ".join(row)} |' for row in rows)
        yield ''


def written(page: str) -> str:
    """The page with its definitions made anew."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f'{PAGE} lacks its block {BEGIN.strip()} ... {END}')
    return f'{before}{BEGIN}\n{definitions()}\n{END}{after}'


def main() -> None:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text(encoding='utf-8')), encoding='utf-8')
    print(f'wrote {PAGE}')


if __name__ == '__main__':
    main()
