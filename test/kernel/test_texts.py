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



"""Texts of a cell as people and programs read them: no control characters, nothing else lost."""

from __future__ import annotations

import pytest

from spatialclaw_ros.kernel import KernelSession
from spatialclaw_ros.sharing.texts import clean, clean_line, clean_text

TEXTS = {
    'plain': ('a mug', 'a mug', 'a mug'),
    'several lines': ('a\n\tb', 'a\n\tb', 'a b'),
    'lines of Windows': ('a\r\nb', 'a\nb', 'a b'),
    'a line written over': ('100 %\r  0 %', '100 %\u240d  0 %', '100 %   0 %'),
    'colour': ('\x1b[31mred\x1b[0m', '\u241b[31mred\u241b[0m', '\u241b[31mred\u241b[0m'),
    'title of the terminal': ('\x1b]0;x\7', '\u241b]0;x\u2407', '\u241b]0;x\u2407'),
    'eight-bit codes': ('\x9b31m', '\ufffd31m', '\ufffd31m'),
    'NUL': ('a\0b', 'a\u2400b', 'a\u2400b'),
    'delete': ('a\x7f', 'a\u2421', 'a\u2421'),
    'backspaces': ('safe\b\bx', 'safe\u2408\u2408x', 'safe\u2408\u2408x'),
    'another order': ('\u202egum\u202c', '\ufffdgum\ufffd', '\ufffdgum\ufffd'),
    'isolates': ('\u2066a\u2069', '\ufffda\ufffd', '\ufffda\ufffd'),
    'other line ends': ('a\u2028b\x85c', 'a\ufffdb\ufffdc', 'a\ufffdb\ufffdc'),
    'invisible letters': ('a\U000e0041', 'a\ufffd', 'a\ufffd'),
    'Hebrew with its marks': ('\u200fספל\u200e', '\u200fספל\u200e', '\u200fספל\u200e'),
    'joined emoji': ('👩\u200d🔧', '👩\u200d🔧', '👩\u200d🔧'),
    'spaces that are not one': ('a\u00a0b\u3000c', 'a\u00a0b\u3000c', 'a\u00a0b\u3000c'),
    'letters of a private area': ('\ue000', '\ue000', '\ue000'),
}


@pytest.mark.parametrize('name', TEXTS)
def test_texts(name: str) -> None:
    text, lines, line = TEXTS[name]
    assert clean_text(text) == lines
    assert clean_line(text) == line
    assert clean_text(lines) == lines
    assert clean_line(line) == line
    assert len(lines) <= len(text)


def test_clean_values_stay_the_same_objects() -> None:
    value = ['a', {'b': 1}, 2.5, None, b'\0']
    assert clean(value) == value
    assert clean([value, 'a\0']) == [value, 'a\u2400']
    assert clean({'a\n': ['b\n']}, lines=True) == {'a ': ['b\n']}


def test_a_cell_can_not_write_to_a_terminal(ungated: KernelSession) -> None:
    """Nor into the log, nor end a ROS string early."""
    result = ungated.run(
        'globals()["a\\n\\0b"] = type("T\\x1b", (), {})()\n'
        'show(np.zeros((2, 2, 3), np.uint8), label="x\\n\\x1b[2J")\n'
        'ReturnAnswer("mug\\0\\x1b[2J")\n'
        'print("\\x1b[31mred\\nblue\\0")\n'
        'raise type("E\\n", (Exception,), {})("\\x1b]0;x\\7")')
    assert result.stdout == '\u241b[31mred\nblue\u2400\n'
    assert result.images[0].label == 'x \u241b[2J'
    assert result.error is not None
    assert result.error.kind == 'E '
    assert '\u241b]0;x\u2407' in result.error.message
    assert [(v.name, v.type) for v in result.variables] == [('a \u2400b', 'T\u241b')]
    assert result.answer is not None
    assert result.answer.value == 'mug\u2400\u241b[2J'


def test_a_refusal_is_one_line(session: KernelSession) -> None:
    result = session.run("ReturnAnswer(None, reason='no mug\\n[INFO] [node]: the arm is safe')")
    assert result.answer is not None
    assert result.answer.reason == 'no mug [INFO] [node]: the arm is safe'


def test_a_tool_gets_clean_words(session: KernelSession, host) -> None:
    session.run("tools.OCR.read(InputImages[0])\n"
                "tools.SAM3(InputImages[0], 'red\\x1b[31m mug\\0')")
    assert host.calls[-1].args['prompts'] == ['red\u241b[31m mug\u2400']
