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

"""A reply put together from its pieces: the same however the server cuts it."""

from __future__ import annotations

import random

import pytest

from spatialclaw_ros.backbone.vllm.config import Thinking
from spatialclaw_ros.backbone.vllm.reading import ReplyReader

CELL = 'Purpose: p\n\n```python\nx = 1\n```'
TAGS = (('<think>', '</think>'), ('<|channel>thought', '<channel|>'))

# what streams, language, whether the prompt opened the thinking, whether it was cut;
# the text and thinking that come out, and whether the block is closed
CASES = {
    'at its own end': (CELL, CELL, '', True, {}),
    'with a line after': (CELL + '\n', CELL, '', True, {}),
    'more is said': (CELL + '\nThe result will be 3.', CELL, '', True, {}),
    'a second block': (CELL + '\n\n```python\ny = 2\n```\n', CELL, '', True, {}),
    'blanks after the fence': (CELL + ' \t\nmore', CELL, '', True, {}),
    'carriage returns': (CELL.replace('\n', '\r\n') + '\r\nmore',
                         CELL.replace('\n', '\r\n'), '', True, {}),
    'py': ('```py\nx = 1\n```\nmore', '```py\nx = 1\n```', '', True, {}),
    'capitals': ('```Python\nx = 1\n```\nmore', '```Python\nx = 1\n```', '', True, {}),
    'another language first': ('```text\na\n```\n' + CELL + '\nmore',
                               '```text\na\n```\n' + CELL, '', True, {}),
    'another language alone': ('```bash\nls\n```\nmore', '```bash\nls\n```\nmore', '', False, {}),
    'fence words inside': ('```python\ns = """\n```python\n"""\n```\nmore',
                           '```python\ns = """\n```python\n"""\n```', '', True, {}),
    'indented fence inside': ('```python\nif x:\n  ```\n```\nmore',
                              '```python\nif x:\n  ```\n```', '', True, {}),
    'not closed': ('```python\nx = 1\n', '```python\nx = 1', '', False, {}),
    'four backticks': ('````python\nx\n````\n', '````python\nx\n````', '', False, {}),
    'inline code': ('use ```x``` here\nand', 'use ```x``` here\nand', '', False, {}),
    'a long line': ('```python\n```' + ' ' * 300 + '\nx\n```\nmore',
                    '```python\n```' + ' ' * 300 + '\nx\n```', '', True, {}),
    'json': ('```python\nx\n```\n```json\n{}\n```\nmore', '```python\nx\n```\n```json\n{}\n```', '',
             True, {'language': 'json'}),
    'no language': (CELL + '\nmore', CELL + '\nmore', '', False, {'language': ''}),
    'empty': ('', '', '', False, {}),
    'blanks': (' \n ', '', '', False, {}),
    'thinking': ('\n<think>\nhm\n</think>\n\n' + CELL, CELL, 'hm', True, {}),
    'thinking of another kind': ('<|channel>thought\nhm<channel|>' + CELL, CELL, 'hm', True, {}),
    'a block in the thinking': (f'<think>try\n{CELL}\nno</think>{CELL}\nmore', CELL,
                                f'try\n{CELL}\nno', True, {}),
    'opened by the prompt': (f'hm\n</think>\n{CELL}', CELL, 'hm', True, {}),
    'a block before what the prompt opened': (
        f'try\n{CELL}\nno</think>{CELL}\nmore', CELL, f'try\n{CELL}\nno', True, {'opened': True}),
    'never thought': (CELL, CELL, '', True, {'opened': True}),
    'thought to the end': ('hm, so', '', 'hm, so', False, {'opened': True, 'cut': True}),
    'thought without end': ('<think>hm, so', '', 'hm, so', False, {}),
    'half a tag': ('<thi', '<thi', '', False, {}),
    'tags in the code': ("```python\nx = '<think>'\n```", "```python\nx = '<think>'\n```", '', True,
                         {}),
    'closing tag in later code': (
        "<think>a</think>```python\nx = '</think>'\n```", "```python\nx = '</think>'\n```", 'a',
        True, {}),
}


def read(pieces: list[str], *, language: str = 'python', opened: bool = False, cut: bool = False,
         max_chars: int = 10_000, on: bool = False) -> tuple[str, str, bool]:
    """Feed pieces as the stream does: it stops when nothing more is wanted, or reads on a bit."""
    rules = Thinking(tags=TAGS, opened_by_template=opened, max_chars=5_000)
    reader = ReplyReader(language, rules, max_chars)
    for piece in pieces:
        reader.feed(piece)
        if not on and (reader.closed or reader.overflowed):
            break
    reader.finish(cut=cut)
    return reader.text, reader.thinking, reader.closed


def cuts(text: str) -> list[list[str]]:
    """Ways to cut a text: whole, by characters, and at random."""
    chance = random.Random(1)
    ways = [[text], list(text)]
    for _ in range(30):
        points = sorted(chance.sample(range(len(text) + 1), min(len(text), chance.randint(1, 6))))
        ways.append([text[a:b] for a, b in zip([0, *points], [*points, len(text)])])
    return ways


@pytest.mark.parametrize('name', CASES)
def test_a_reply_is_the_same_however_it_is_cut(name: str) -> None:
    stream, text, thinking, closed, options = CASES[name]
    for pieces in cuts(stream):
        for on in (False, True):
            assert read(pieces, on=on, **options) == (text, thinking, closed), pieces


def test_thinking_in_a_field_of_its_own() -> None:
    for opened in (False, True):
        reader = ReplyReader('python', Thinking(opened_by_template=opened), 1000)
        for piece in ('h', 'm'):
            reader.think(piece)
        reader.feed(CELL[:20])
        reader.feed(CELL[20:])
        assert reader.would_close
        reader.finish(cut=False)
        assert (reader.text, reader.thinking, reader.closed) == (CELL, 'hm', True)


@pytest.mark.parametrize('pieces', [['x' * 500], ['x'] * 500, ['<think>' + 'x' * 9000],
                                    ['<think>', *['x'] * 9000]])
def test_what_has_no_end_is_bounded(pieces: list[str]) -> None:
    text, thinking, closed = read(pieces, max_chars=100)
    assert (len(text), len(thinking), closed) in ((100, 0, False), (0, 5000, False))


def test_a_line_without_end_takes_no_quadratic_time() -> None:
    reader = ReplyReader('python', Thinking(), 10**7)
    reader.feed('```python\n')
    for _ in range(200_000):
        reader.feed('x')
    assert not reader.done
    assert len(reader.text) == 200_010
