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


r"""Letters, numbers, yes or no, and moves in what a model wrote, by the rule of each benchmark.

The rules are the benchmarks' own, with the traps in them: a fair comparison with published numbers
reads answers as these were read. Units are never converted; `quantities` does that, for our own
data. What can't be read is None.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Mapping
from typing import Literal

from spatialclaw_ros.eval import extract_steps as steps
from spatialclaw_ros.eval.extract_steps import Choices, Step, first_of, seek, whole

LetterRule = Literal[
    'default', 'mmsi_video', 'videomme', 'erqa', 'blink', 'omnispatial', 'mmsi', 'pai', 'mindcube',
    'spar', 'spbench', 'vsi', 'osi', 'vsti', 'spatialtree', 'viewspatial', 'dsi', 'cvbench',
    'perceptcomp', 'videomme_v2']
NumberRule = Literal[
    'vsi', 'vsti', 'osi', 'spbench', 'spatialtree', 'spar', 'spar_mv', 'omni3d']

# A letter that no other one stands before, or on either side.
_DOTTED, _BRACKETED, _COLONED = r'(?<![A-Za-z])X\.', r'\(X\)', r'(?<![A-Za-z])X:'
_ISOLATED = r'(?<!\w)X(?!\w)'
_LEADING = r'^\s*X(?![A-Za-z])'
_MARKER = r'(?i:answer|choice|option)[*_]*\s*(?:(?i:is)\b)?[\s:*_]*\(?X(?![A-Za-z])'
_ANSWER_OR_OPTION = _MARKER.replace('|choice', '')
_ANSWER = r'(?i:answer)[*_]*\s*(?:(?i:is)\b)?[\s:*_]*\(?X(?![A-Za-z])'
_ANSWER_COLON = r'(?i:answer)\s*:[\s*_]*\(?X(?![A-Za-z])'
_SPOKEN = r'(?i:(?:my|the)\s+answer\s+is|answer\s*:)[\s:*_]*\(?X(?![A-Za-z])'
_STOCK = re.compile(
    r'\b(?:the\s+)?(?:(?:best|correct|right|final)\s+)?(?:answer|option|choice)\b'
    r'(?:\s+is\b)?\s*:?', re.IGNORECASE)

_MARKED = (seek(_DOTTED), seek(_BRACKETED), seek(_COLONED))
# No look at what stands before the letter: "Answer: B" gives R.
_DEFAULT = (steps.boxed, seek(r'\(?([A-Za-z])[.:)]'), steps.single_letter, steps.raw)
_MMSI = (
    steps.back_ticks(2), steps.back_ticks(1), steps.boxed, *_MARKED,
    seek(r'(?<!\w)X(?!\w)(?!\s+[A-Za-z])'), steps.letter_without_marks)
_VSI = (steps.boxed, *_MARKED, steps.first_token, steps.option_text)


def _without_stock(text: str, choices: Choices) -> str | None:
    return first_of((steps.boxed, seek('X')), _STOCK.sub(' ', text), choices)


def _omnispatial(text: str, choices: Choices) -> str | None:
    chain: tuple[Step, ...] = (
        seek(_ANSWER_COLON, last=True), *_DEFAULT[:-1], steps.first_character)
    found = (step(text, choices) for step in chain)
    return next((letter for letter in found if letter and letter in choices.letters), 'A')


_RULES: Mapping[LetterRule, tuple[str, tuple[Step, ...]]] = {
    'default': (string.ascii_uppercase, _DEFAULT),
    'mmsi_video': (string.ascii_uppercase, _DEFAULT),
    'videomme': (string.ascii_uppercase, _DEFAULT),
    'erqa': ('ABCD', (steps.without_marks,)),
    'blink': ('ABCDE', (
        whole('X'), whole(r'\(X\)'), steps.last_boxed, steps.only_bracketed,
        steps.in_last_paragraph(steps.only_bracketed), seek(_BRACKETED, last=True), seek(_MARKER),
        seek(_LEADING))),
    'omnispatial': ('ABCD', (_omnispatial,)),
    'mmsi': ('ABCD', _MMSI),
    'pai': ('ABCD', _MMSI),
    'mindcube': ('ABCDE', (
        steps.boxed, seek(_DOTTED, last=True), steps.answer_tag, seek(_SPOKEN, last=True),
        seek(_ISOLATED, last=True))),
    'spar': ('ABCD', (
        steps.boxed, seek(r'(?<![A-Za-z])X[.:)]'), steps.single_choice, steps.first_character,
        steps.raw)),
    'spbench': ('ABCD', _VSI),
    'vsi': ('ABCD', _VSI),
    'osi': ('ABCD', _VSI),
    'vsti': ('ABCD', (steps.any_first_token,)),
    'spatialtree': ('ABCDEFGHIJK', (steps.boxed, *_MARKED, steps.first_token)),
    'viewspatial': ('ABCD', (
        steps.boxed, steps.answer_tag, seek(_ANSWER, last=True), seek(_BRACKETED, last=True),
        seek(_DOTTED, last=True), seek(_COLONED, last=True), steps.single_choice,
        seek(_ISOLATED, last=True, tail=True))),
    'dsi': ('ABCD', (
        steps.boxed, seek(_ANSWER_OR_OPTION, last=True),
        seek(_ISOLATED, last=True, tail=True), steps.first_character)),
    'cvbench': ('ABCD', (steps.in_last_tag(
        steps.boxed, *_MARKED, seek(_LEADING), steps.single_choice, steps.option_text),)),
    'perceptcomp': ('ABCDE', (
        steps.answer_tag, steps.boxed, seek(_ANSWER), seek(r'(?i)(?<!\w)X(?!\w)', last=True),
        steps.single_letter)),
    'videomme_v2': ('ABCDEFGH', (_without_stock,)),
}


def letter(text: str, rule: LetterRule, options: tuple[str, ...] = ()) -> str | None:
    """The letter that a text chooses.

    Args:
        text: what a model wrote.
        rule: the benchmark's; 'default' where it has none of its own.
        options: their texts in order, for rules that take an option's text for its letter.

    Returns:
        A capital letter; the text itself where the rule falls back on it; None without either.
        Under 'omnispatial' what can't be read is A, as in its official evaluation.
    """
    letters, chain = _RULES[rule]
    text = text.strip()
    if not text:
        return 'A' if rule == 'omnispatial' else None
    return first_of(chain, text, Choices(letters, options))


_UNSIGNED = re.compile(r'\d+(?:\.\d+)?|\.\d+', re.ASCII)
_SIGNED = re.compile(r'[-+]?(?:\d+(?:\.\d+)?|\.\d+)', re.ASCII)
_NOT_A_POWER = re.compile(r'(?<![\^\d.])(?:\d+(?:\.\d+)?|\.\d+)', re.ASCII)
# In this order: zero first.
_WORDS = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten')


def number(text: str, rule: NumberRule) -> float | None:
    """The number that a text gives; its unit, if any, is not looked at."""
    text = text.strip().replace('−', '-')
    if rule in ('vsi', 'vsti'):
        return _float((text.split() or [''])[0].rstrip('.'))
    if rule == 'osi':
        return _first(_SIGNED, [*steps.boxed_contents(text), text])
    if rule in ('spbench', 'spatialtree'):
        for value, word in enumerate(_WORDS):
            if re.search(rf'\b{word}\b', text, re.IGNORECASE):
                return float(value)
        return _first(_UNSIGNED, [text])
    if rule == 'omni3d':
        text = unboxed(text).strip()
        plain = _float(text)
        found = _SIGNED.findall(text)
        return plain if plain is not None or not found else _float(found[-1])
    found = _NOT_A_POWER.findall(text)
    return _float(found[-1 if rule == 'spar_mv' else 0]) if found else None


def omni3d_text(text: str) -> str:
    """What Omni3D-Bench compares with a name or yes/no: lower case, without quotes."""
    return re.sub(r'["\'`“”‘’]', '', unboxed(text)).strip().lower()


def unboxed(text: str) -> str:
    r"""What stands between the first `\boxed{` and the last `}`; the whole text without these."""
    start, end = text.find('\\boxed{'), text.rfind('}')
    return text[start + len('\\boxed{'):end] if 0 <= start < end else text


def _float(text: str) -> float | None:
    """A plain finite number; None for anything else, "nan", "inf" and 400 digits included."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _first(pattern: re.Pattern[str], texts: list[str]) -> float | None:
    found = (pattern.search(text) for text in texts)
    return next((_float(hit[0]) for hit in found if hit), None)


def yes_no(text: str, which: Literal['first', 'last'] = 'first') -> bool | None:
    """The first or the last yes or no of a text, as a word; None without one."""
    found = re.findall(r'\b(yes|no)\b', text, re.IGNORECASE)
    return found[0 if which == 'first' else -1].lower() == 'yes' if found else None


_MOVE = re.compile(
    r'\b((?:move|turn)_(?:right|left|up|down|forward|backward))\s*[:=]\s*'
    r'([-+]?(?:\d+(?:\.\d+)?|\.\d+))', re.IGNORECASE | re.ASCII)


def moves(text: str) -> dict[str, float]:
    """Amount by move of SPAR-Bench's "move_right:0.3, turn_left:20"; the last of a kind counts."""
    return {name.lower(): float(amount) for name, amount in _MOVE.findall(text.replace('−', '-'))}
