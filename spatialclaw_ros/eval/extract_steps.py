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


r"""Single ways to find a letter in what a model wrote; `extract` puts them in each rule's order.

A step takes the text and what may be chosen, and gives a capital letter, or None for the next step.
In its patterns X stands for one of the letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_LAST_CHARS = 400
_BOX = re.compile(r'\\boxed\s*\{')
_TAG = re.compile(r'<answer>(.*?)</answer>', re.IGNORECASE | re.DOTALL)
_LATEX = re.compile(r'\\(?:text|textbf|mathrm|mathbf)\b|[{}$*]')
_LETTERED = re.compile(r'\(?[A-Za-z](?:\)[.:]?|[.:])\s*(.+)', re.DOTALL)
# Alone, in brackets or with a mark, or with a mark and the option's text.
_SOLE = r'\(?X(?:[).:]+(?:\s.*)?)?'


@dataclass(frozen=True)
class Choices:
    """What may be chosen.

    Args:
        letters: capitals.
        options: the texts, with or without "A. " before them.
    """

    letters: str
    options: tuple[str, ...] = ()


Step = Callable[[str, Choices], 'str | None']


def seek(pattern: str, *, last: bool = False, tail: bool = False) -> Step:
    """Step that searches a pattern: its first place or its last.

    Args:
        pattern: X for the letter; groups without capture.
        last: takes the last place.
        tail: looks at the final 400 characters only.
    """
    def step(text: str, choices: Choices) -> str | None:
        found = _expanded(pattern, choices).findall(text[-_LAST_CHARS:] if tail else text)
        return found[-1 if last else 0].upper() if found else None
    return step


def whole(pattern: str) -> Step:
    """Step for a text that is nothing but a pattern."""
    def step(text: str, choices: Choices) -> str | None:
        found = _expanded(pattern, choices).fullmatch(text.strip())
        return found[1].upper() if found else None
    return step


def _expanded(pattern: str, choices: Choices) -> re.Pattern[str]:
    return re.compile(pattern.replace('X', f'([{choices.letters}])'), re.DOTALL)


def boxed_contents(text: str) -> list[str]:
    r"""What stands in each closed `\boxed{}`, in order; braces inside are counted."""
    found = []
    for box in _BOX.finditer(text):
        depth = 1
        for i in range(box.end(), len(text)):
            depth += {'{': 1, '}': -1}.get(text[i], 0)
            if depth == 0:
                found.append(text[box.end():i])
                break
    return found


def boxed(text: str, choices: Choices) -> str | None:
    """Letter of the first box that holds one."""
    return next(_soles(boxed_contents(text), choices), None)


def last_boxed(text: str, choices: Choices) -> str | None:
    """Letter of the last box that holds one."""
    return next(_soles(boxed_contents(text)[::-1], choices), None)


def answer_tag(text: str, choices: Choices) -> str | None:
    """Letter in the last answer tag that holds one."""
    return next(_soles(_TAG.findall(text)[::-1], choices), None)


def back_ticks(count: int) -> Step:
    """Step for a letter between so many back-ticks."""
    pattern = re.compile(f'(?<!`){"`" * count}([^`]+){"`" * count}(?!`)')

    def step(text: str, choices: Choices) -> str | None:
        return next(_soles(pattern.findall(text), choices), None)
    return step


def _soles(contents: Sequence[str], choices: Choices) -> Iterator[str]:
    pattern = re.compile(
        _SOLE.replace('X', f'([{choices.letters}])'), re.DOTALL | re.IGNORECASE)
    for content in contents:
        found = pattern.fullmatch(_LATEX.sub('', content).strip())
        if found:
            yield found[1].upper()


def single_letter(text: str, choices: Choices) -> str | None:
    """The text's only letter, of the whole alphabet."""
    found = re.findall(r'[A-Za-z]', text)
    return found[0].upper() if len(found) == 1 else None


def single_choice(text: str, choices: Choices) -> str | None:
    """The only capital of the text that may be chosen."""
    found = re.findall(f'[{choices.letters}]', text)
    return found[0] if len(found) == 1 else None


def letter_without_marks(text: str, choices: Choices) -> str | None:
    """What is left when marks and blanks are removed, if it is a letter that may be chosen."""
    left = re.sub(r'[^\w]|_', '', text)
    return left if len(left) == 1 and left in choices.letters else None


def only_bracketed(text: str, choices: Choices) -> str | None:
    """The only "(X)" of the text."""
    found = _expanded(r'\(X\)', choices).findall(text)
    return found[0] if len(found) == 1 else None


def in_last_paragraph(inner: Step) -> Step:
    """Step that looks at what follows the last blank line."""
    def step(text: str, choices: Choices) -> str | None:
        return inner(re.split(r'\n\s*\n', text.strip())[-1], choices)
    return step


def in_last_tag(*inner: Step) -> Step:
    """Steps that look at the last answer tag only, where there is one."""
    def step(text: str, choices: Choices) -> str | None:
        tags = _TAG.findall(text)
        return first_of(inner, tags[-1].strip() if tags else text, choices)
    return step


def first_token(text: str, choices: Choices) -> str | None:
    """The first word, if it is a letter that may be chosen; full stops behind it don't count."""
    token = (text.split() or [''])[0].rstrip('.').upper()
    return token if len(token) == 1 and token in choices.letters else None


def any_first_token(text: str, choices: Choices) -> str | None:
    """The first word whatever it is, without a full stop behind it."""
    return text.split()[0].rstrip('.').upper() or None


def first_character(text: str, choices: Choices) -> str | None:
    """The first character, if it is a letter that may be chosen."""
    first = text.strip()[:1].upper()
    return first if first and first in choices.letters else None


def option_text(text: str, choices: Choices) -> str | None:
    """Letter of the option whose text this is."""
    said = bare_option(text).casefold()
    texts = [bare_option(option).casefold() for option in choices.options]
    return choices.letters[texts.index(said)] if said in texts[:len(choices.letters)] else None


def bare_option(text: str) -> str:
    """An option without the letter before it and the full stop behind it."""
    text = text.strip()
    lettered = _LETTERED.fullmatch(text)
    return (lettered[1] if lettered else text).strip().rstrip('.').strip()


def raw(text: str, choices: Choices) -> str | None:
    """The text as it is."""
    return text.strip()


def without_marks(text: str, choices: Choices) -> str | None:
    """The text without full stops, in capitals."""
    return text.replace('.', '').strip().upper() or None


def first_of(steps: Sequence[Step], text: str, choices: Choices) -> str | None:
    """What the first step finds that finds anything."""
    return next((found for step in steps if (found := step(text, choices)) is not None), None)
