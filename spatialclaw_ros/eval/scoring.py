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


"""Scores typed answers of our own data: within tolerance, the right option, or rightly refused.

A refusal is apart from a wrong answer: a robot that is told "can't tell" can look again.
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections.abc import Sequence
from typing import Literal

from spatialclaw_ros.eval.extract import moves, unboxed, yes_no
from spatialclaw_ros.eval.extract_steps import bare_option
from spatialclaw_ros.eval.metrics import vci
from spatialclaw_ros.eval.quantities import read_number
from spatialclaw_ros.eval.records import Question, Said, Score
from spatialclaw_ros.eval.units import convert

ANGLE_TOLERANCE_RAD = math.radians(5.0)
_LENGTH_UNITS = {'m', 'm/s'}
_LETTER = re.compile(
    r'(?:(?:the\s+)?(?:answer|option|choice)(?:\s+is)?\s*:?\s+)?\(?([a-z])\)?[.:)]?',
    re.IGNORECASE)
_LETTER_BEFORE = re.compile(r'\(?([a-z])(?:\)[.:]?|[.:])\s*\S', re.IGNORECASE)
_DENIALS = {'not', 'neither', 'nor', 'never', 'cannot'}
_NOT = re.compile(r"n['’]t\b")
_MARKS = ' \t\n*`"$'
_LEFT_OUT = {'the', 'a', 'an', 'and', 'then', 'is', 'it'}
_TRUE, _FALSE = {'true', 'yes'}, {'false', 'no'}

Outcome = Literal['right', 'wrong', 'refused_rightly', 'refused_wrongly', 'failed']
OUTCOMES: tuple[Outcome, ...] = ('right', 'wrong', 'refused_rightly', 'refused_wrongly', 'failed')


def outcome(question: Question, said: Said, score: Score) -> Outcome:
    """What became of a question, for a person who acts on it.

    A refusal is right where the truth is None, whatever a benchmark's rule gives it.
    """
    if said.refused:
        return 'refused_rightly' if question.truth is None else 'refused_wrongly'
    if not said.answered:
        return 'failed'
    return 'right' if score.right else 'wrong'


def unanswered(question: Question) -> Score:
    """The score of a question that could not be asked: nothing, if it counts at all."""
    return Score(points=0.0 if question.counts else None, right=False)


def score_typed(
    question: Question, said: Said, *, absolute: float = 0.02, share: float = 0.03,
) -> Score:
    """Score an answer by its type.

    Numbers and points are right within the question's tolerance, counts when they are equal,
    options when they are the same one, texts when their words are (articles and marks aside). Where
    the truth is None, only a refusal is right.

    Args:
        question: its `facts['tolerance']` (in its unit) goes before the two below.
        said: what came back; its value is in its own unit.
        absolute: tolerance of a length or a speed, and of a point, in SI units.
        share: the same as a share of the truth (of a point, of `facts['distance_m']`); the larger
            of the two holds. Angles have 5 degrees.
    """
    if question.truth is None:
        right = said.refused
        return Score(points=float(right), right=right, read=said.value)
    if not said.answered:
        return Score(points=0.0, right=False)
    if question.answer in ('number', 'count'):
        return _score_number(question, said, absolute, share)
    if question.answer == 'point':
        return _score_point(question, said, absolute, share)
    if question.answer == 'moves':
        points = vci(moves(said.text), moves(str(question.truth)))
        return Score(points=points, right=points == 1.0, read=said.text)
    if question.answer == 'yes_no':
        read: bool | str | None = read_yes_no(said)
        right = read is not None and read == _as_bool(question.truth)
    else:
        read, right = _same_text(question, said)
    return Score(points=float(right), right=right, read=read)


def tolerance(question: Question, *, absolute: float = 0.02, share: float = 0.03) -> float:
    """How far a number or a point may be off, in the question's unit; see `score_typed`."""
    own = question.facts.get('tolerance')
    if own is not None:
        return own
    if question.answer == 'count':
        return 0.0
    if question.answer == 'point':
        return max(absolute, share * question.facts.get('distance_m', 0.0))
    if not isinstance(question.truth, (int, float)):
        return 0.0
    angle = convert(ANGLE_TOLERANCE_RAD, 'rad', question.unit)
    if question.unit and angle is not None:
        return angle
    floor = next((in_unit for si in _LENGTH_UNITS if question.unit and (
        in_unit := convert(absolute, si, question.unit)) is not None), 0.0)
    return max(floor, share * abs(question.truth))


def _score_number(question: Question, said: Said, absolute: float, share: float) -> Score:
    read = read_value(said, question.unit)
    truth = question.truth
    if read is None or not isinstance(truth, (int, float)):
        return Score(points=0.0, right=False, read=said.value)
    error = read - truth
    turn = convert(2 * math.pi, 'rad', question.unit) if question.unit else None
    if turn is not None:
        error = math.remainder(error, turn)
    # A tolerance is met as written, whatever binary fractions make of the difference.
    right = abs(error) <= tolerance(question, absolute=absolute, share=share) + 1e-9
    return Score(points=float(right), right=right, read=read, error=error)


def read_value(said: Said, unit: str) -> float | None:
    """The number that was said, in a unit; None when it has none of that kind."""
    value = said.value
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        read = convert(float(value), said.unit or unit, unit)
        return read if read is not None and math.isfinite(read) else None
    text = value if isinstance(value, str) else said.text
    return read_number(text, unit) if value is None or isinstance(value, str) else None


def _score_point(question: Question, said: Said, absolute: float, share: float) -> Score:
    truth, value = question.truth, said.value
    if (not isinstance(truth, Sequence) or not isinstance(value, Sequence)
            or isinstance(value, str) or len(value) != 3
            or (question.frame and said.frame and said.frame != question.frame)):
        return Score(points=0.0, right=False, read=value)
    wanted = question.unit or 'm'
    read = [convert(float(part), said.unit or wanted, wanted) for part in value]
    if any(part is None or not math.isfinite(part) for part in read):
        return Score(points=0.0, right=False, read=value)
    point = tuple(part for part in read if part is not None)
    error = math.dist(point, [float(part) for part in truth])
    right = error <= tolerance(question, absolute=absolute, share=share) + 1e-9
    return Score(points=float(right), right=right, read=point, error=error)


def read_yes_no(said: Said) -> bool | None:
    """Yes or no as a boolean; None when it was neither, or both."""
    if isinstance(said.value, bool):
        return said.value
    text = said.value if isinstance(said.value, str) else said.text
    plain = text.lower().strip(f'{_MARKS}.!')
    if plain in _TRUE | _FALSE:
        return plain in _TRUE
    first, last = yes_no(text, 'first'), yes_no(text, 'last')
    return first if first == last else None


def _as_bool(truth: object) -> bool | None:
    if isinstance(truth, bool):
        return truth
    text = str(truth).strip().lower()
    return True if text in _TRUE else False if text in _FALSE else None


def _same_text(question: Question, said: Said) -> tuple[str | None, bool]:
    """The answer as it was understood, and whether it is the truth; options are compared as one."""
    value = said.value
    text = ('yes' if value else 'no') if isinstance(value, bool) else (
        said.text if value is None else str(value))
    truth = str(question.truth)
    if not question.options:
        return text or None, bool(words(text)) and words(text) == words(truth)
    chosen = chosen_option(text, question.options)
    if chosen is None:
        return text or None, False
    return question.options[chosen], chosen == chosen_option(truth, question.options)


def chosen_option(text: str, options: Sequence[str]) -> int | None:
    """Index of the option that a text names, by its words, its letter, or within a sentence.

    Of options within each other, such as "the box" and "the red box", the longer one is named; a
    sentence that denies something names none, nor does a letter with another option's text.
    """
    text = unboxed(text).strip(_MARKS)
    bare, plain = bare_option(text).casefold(), [bare_option(each).casefold() for each in options]
    said, given = words(bare), [words(option) for option in plain]
    found = plain.index(bare) if bare and bare in plain else (
        given.index(said) if said and said in given else None)
    before = _LETTER_BEFORE.match(text)
    if found is not None:
        return found if before is None or text in options or _place(before[1]) == found else None
    alone = _LETTER.fullmatch(text)
    if alone:
        return _place(alone[1]) if _place(alone[1]) < len(options) else None
    rest = list(said)
    inside = _take(rest, given)
    if len(inside) != 1:
        return None
    is_no = given[inside[0]] == ('no',)  # "no, it is not" denies nothing of it
    return inside[0] if is_no or _DENIALS.isdisjoint(rest) else None


def _place(letter: str) -> int:
    return string.ascii_lowercase.index(letter.lower())


def words(text: str) -> tuple[str, ...]:
    """Words of a text in small letters, without articles and marks."""
    plain = _NOT.sub(' not', unicodedata.normalize('NFKC', text).casefold())
    found = re.findall(r'[\w.+-]*\w', plain)
    return tuple(word for word in found if word not in _LEFT_OUT)


def _take(said: list[str], given: Sequence[tuple[str, ...]]) -> list[int]:
    """Take the options that stand somewhere in what was said out of it."""
    taken = []
    for index in sorted(range(len(given)), key=lambda index: -len(given[index])):
        option = list(given[index])
        places = [place for place in range(len(said) - len(option) + 1)
                  if option and said[place:place + len(option)] == option]
        for place in places:  # no shorter option is in there
            said[place:place + len(option)] = [''] * len(option)
        if places:
            taken.append(index)
    return taken
