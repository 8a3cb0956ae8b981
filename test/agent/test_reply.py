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

"""Replies are parsed strictly: one Python block, nothing repaired."""

from __future__ import annotations

import time

import pytest

from spatialclaw_ros.agent.reply import MAX_REPLY_CHARS, ReplyError, parse_reply, stand_in

GOOD = """\
Purpose: look at the mug
Reasoning: nothing is known yet,
so two lines of it
Next goal: measure
```python
x = 1
print(x)
```
"""


def test_reads_the_three_lines_and_the_code() -> None:
    reply = parse_reply(GOOD)
    assert reply.purpose == 'look at the mug'
    assert reply.reasoning == 'nothing is known yet,\nso two lines of it'
    assert reply.next_goal == 'measure'
    assert reply.code == 'x = 1\nprint(x)\n'


@pytest.mark.parametrize('markup', ['**Purpose:** look', '# Purpose: look', 'Purpose : look'])
def test_markup_around_a_field_name_is_markdown(markup: str) -> None:
    assert parse_reply(f'{markup}\n```python\nx = 1\n```').purpose == 'look'


@pytest.mark.parametrize(('reply', 'fault'), [
    ('', 'reply was empty'),
    (' \n\t', 'reply was empty'),
    ('just words', '0 fenced blocks'),
    (GOOD + GOOD, '2 fenced blocks, 2 of them Python'),
    (GOOD + GOOD + GOOD, '3 fenced blocks'),
    (GOOD + '```python\nx = 2', '2 fenced blocks, 1 of them Python'),
    ('```\nx = 1\n```', "not marked at all, expected 'python'"),
    ('```js\nx = 1\n```', "marked 'js', expected 'python'"),
    ('```python3 x y\nx = 1\n```', "marked 'python3 x y'"),
    ('~~~python\nx = 1\n~~~', 'fenced with ~~~'),
    ('```python\nx = 1\n', 'cut off'),
    ('```python', 'cut off'),
    ('  ```python\n  x = 1\n  ```', 'cut off'),
    ('```python\n\n```', 'empty'),
    ('```json\n{}\n```\n```python\nx = 1\n```', '2 fenced blocks, 1 of them Python'),
    ('```text\nI think\n```\n' + GOOD, '2 fenced blocks, 1 of them Python'),
    ('x = 1\nprint(x)', '0 fenced blocks'),
    ('<tool_call>{"name": "x"}</tool_call>', '0 fenced blocks'),
    ('x' * (MAX_REPLY_CHARS + 1), 'characters'),
])
def test_a_malformed_reply_is_named_and_not_repaired(reply: str, fault: str) -> None:
    with pytest.raises(ReplyError, match=fault) as caught:
        parse_reply(reply)
    assert '\n' not in str(caught.value)


def test_a_fence_inside_a_string_does_not_end_the_cell() -> None:
    code = "print('a ``` b')\n"
    assert parse_reply(f'```python\n{code}```').code == code


def test_lines_may_end_as_on_windows() -> None:
    assert parse_reply(GOOD.replace('\n', '\r\n')) == parse_reply(GOOD)


def test_another_language_is_asked_for_by_its_name() -> None:
    assert parse_reply('```json\n{}\n```', ('json',)).code == '{}\n'
    with pytest.raises(ReplyError, match=r"marked 'python', expected 'json'.*```json"):
        parse_reply(GOOD, ('json',))
    with pytest.raises(ReplyError, match='JSON block was empty'):
        parse_reply('```json\n```', ('json',))


def test_what_stands_in_for_a_reply_is_one_short_line() -> None:
    line = stand_in('a fault\nin two lines ' + 'x' * 1000)
    assert line.startswith('(a reply that could not be read: a fault in two lines xxx')
    assert '\n' not in line
    assert len(line) < 350
    assert '```' not in stand_in('your reply was empty')


@pytest.mark.parametrize('line', ['```a', '```' + ' ' * 100 + 'x', '#' * 100, 'Purpose:'])
def test_a_reply_full_of_fences_costs_no_seconds(line: str) -> None:
    start_s = time.monotonic()
    with pytest.raises(ReplyError):
        parse_reply(f'{line}\n' * (MAX_REPLY_CHARS // (len(line) + 1)))
    assert time.monotonic() - start_s < 2.0  # 22 s where each fence looks for its end alone
