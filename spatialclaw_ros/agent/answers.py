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

"""Fits what a cell handed to `ReturnAnswer` to what the question asked for."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.workspace.answer import has_length
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE
from spatialclaw_ros.workspace.question import AnswerType, CellAnswer, Question, Value
from spatialclaw_ros.workspace.tolerance import Tolerance

_MAX_SHOWN_CHARS = 200
_LETTERED = re.compile(r'\(?([a-z]{1,2})[).:]\s*(.*)', re.DOTALL)
_NO_METRES = ('what was reconstructed is in no known unit; a depth sensor, TF that moves the '
              'camera, or a metric depth model would tell it.')
WITHOUT_METRES = ('A count, an angle, a side or a ratio (a number without a unit) still holds: '
                  'give that if it answers the question, else refuse with a reason.')
"""What who writes may do instead, after `no_metres`."""
YES_NO = {'yes': True, 'true': True, 'no': False, 'false': False}


class AnswerMismatchError(SpatialClawError, ValueError):
    """An answer is not of the type asked for; the message goes back to the model."""


@dataclass(frozen=True, eq=False)
class TypedAnswer:
    """An answer of a definite type; `choice` is -1 when there were no choices."""

    value: Value
    answer_type: AnswerType
    text: str
    choice: int = -1


def fit_answer(question: Question, answer: CellAnswer) -> TypedAnswer:
    """Check an answer against the question's type.

    Args:
        question: what was asked; with ANY the answer's own type decides.
        answer: a cell's answer; its value is not None.

    Raises:
        AnswerMismatchError: it is of another type, or is not one of the choices.
    """
    value = answer.value
    wanted = question.answer_type
    if wanted == AnswerType.ANY:
        wanted = _own_type(value, question)
    if wanted == AnswerType.CHOICE:
        choice = _choice_index(value, question.choices)
        text = question.choices[choice]
        return TypedAnswer(text, wanted, text, choice)
    _check_finite(value)
    if wanted == AnswerType.BOOLEAN:
        if isinstance(value, str):
            value = YES_NO.get(value.strip().lower().rstrip('.!'), value)
        if isinstance(value, bool):
            return TypedAnswer(value, wanted, 'yes' if value else 'no')
    elif wanted == AnswerType.NUMBER:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return TypedAnswer(
                float(value), wanted, number_text(float(value), answer.unit or ''))
    elif wanted == AnswerType.POINT:
        if isinstance(value, np.ndarray) and value.shape == (3,):
            return TypedAnswer(value, wanted, point_text(value, answer.frame or ''))
    elif wanted == AnswerType.TEXT and (text := _as_text(value, answer.unit or '')):
        return TypedAnswer(text, wanted, text)
    raise AnswerMismatchError(
        f'the question asks for {wanted.name}, the answer was {_kind(value)} {_short(value)}; '
        f'give {_HINTS[wanted]}')


def no_metres(
    typed: TypedAnswer, answer: CellAnswer, scale_source: str, notes: Iterable[str],
) -> str:
    """Why a length or a place is not told where nothing tells a metre; '' for all else.

    A length between TF frames is in metres whatever the cameras see. From an answer that can't be
    told for sure once there is a reconstruction, so it is told where there is none. A number is one
    also where it is told as a text.

    Args:
        typed: the answer as it would be told; a point is a place.
        answer: what the cell handed in. A number without a unit is taken for a count or a ratio.
        scale_source: of the last reconstruction before it; '' without any.
        notes: of the tools.
    """
    if scale_source != UNKNOWN_SCALE:
        return ''
    is_length = _number(answer.value) is not None and has_length(answer.unit or '')
    if typed.answer_type != AnswerType.POINT and not is_length:
        return ''
    why = next((note for note in notes if 'scale is unknown' in note), _NO_METRES)
    what = 'a place' if typed.answer_type == AnswerType.POINT else f'a number in {answer.unit}'
    return f'{what} can not be told: {why}'


def not_known(tolerance: Tolerance, typed: TypedAnswer, answer: CellAnswer) -> str:
    """Why an answer is not known to a tolerance; '' where it is, and where its sigma is unknown.

    What is no place and has another unit than metres or radians is held to none; a number is held
    to it also where it is told as a text.

    Args:
        tolerance: to which lengths, places and angles are wanted.
        typed: the answer as it is told; a point is in metres.
        answer: what the cell handed in, with sigma and unit (`ReturnAnswer` takes SI alone).
    """
    if math.isnan(answer.sigma):
        return ''
    if typed.answer_type == AnswerType.POINT:
        return tolerance.objection(typed.text, answer.sigma, 'm')
    number = _number(answer.value)
    if number is not None:
        return tolerance.objection(typed.text, answer.sigma, answer.unit or '', abs(number))
    return ''


_HINTS = {
    AnswerType.NUMBER: 'a number, with its unit',
    AnswerType.BOOLEAN: 'True or False',
    AnswerType.TEXT: 'a text',
    AnswerType.POINT: 'a vector of three numbers in metres',
}


def number_text(number: float, unit: str) -> str:
    """A number for a person: millimetres are kept, angles also in degrees."""
    if unit == 'rad':
        return f'{number:.3f} rad ({math.degrees(number):.1f}°)'
    if not unit:
        return f'{number:g}'
    return f'{number:.3f} {unit}'


def point_text(point: np.ndarray, frame: str) -> str:
    """A point for a person, in metres, with the name of its frame."""
    x, y, z = (float(c) for c in point)
    return f'({x:.3f}, {y:.3f}, {z:.3f}) m' + (f' in {frame}' if frame else '')


def _number(value: Value | None) -> float | None:
    """A number that a cell handed in; None for all else, a truth value included."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def _as_text(value: Value | None, unit: str) -> str:
    """What is handed in for a text: a number in all of its digits; '' where it is none."""
    if isinstance(value, str):
        return value if value.strip() else ''
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    number = _number(value)
    if number is None:
        return ''
    return f"{np.format_float_positional(number, trim='-')} {unit}".strip()


def _kind(value: Value | None) -> str:
    return 'a 3-vector' if isinstance(value, np.ndarray) else type(value).__name__


def _own_type(value: Value | None, question: Question) -> AnswerType:
    if question.choices:
        return AnswerType.CHOICE
    if isinstance(value, bool):
        return AnswerType.BOOLEAN
    if isinstance(value, (int, float)):
        return AnswerType.NUMBER
    return AnswerType.POINT if isinstance(value, np.ndarray) else AnswerType.TEXT


def choice_letters(count: int) -> list[str]:
    """Letters of so many choices: A to Z, then AA, AB, ..."""
    letters = list(string.ascii_uppercase)
    return (letters + [first + second for first in letters for second in letters])[:count]


def _choice_index(value: Value | None, choices: tuple[str, ...]) -> int:
    """Index of the choice that a text, its letter, or both together ('A) text') name."""
    if isinstance(value, bool):
        value = 'yes' if value else 'no'
    if isinstance(value, str):
        given = value.strip().casefold()
        texts = [choice.strip().casefold() for choice in choices]
        letters = [letter.casefold() for letter in choice_letters(len(choices))]
        lettered = _LETTERED.fullmatch(given)
        if lettered is not None and lettered.group(1) in letters:
            index = letters.index(lettered.group(1))
            if lettered.group(2) == texts[index]:
                return index
        letter = given.strip('().: ')
        named = {index for index, text in enumerate(texts) if text == given}
        named |= {letters.index(letter)} if letter in letters else set()
        if len(named) == 1:
            return named.pop()
        if named:
            raise AnswerMismatchError(
                f'the answer was {_short(value)}, which may be any of '
                f'{_listed(choices, sorted(named))}; give letter and text together, as they stand '
                'here')
    raise AnswerMismatchError(
        f'the answer was {_short(value)}, which is not one of the choices '
        f'{_listed(choices, range(len(choices)))}; give the letter of one of them, or its text')


def _listed(choices: tuple[str, ...], indices: Iterable[int]) -> str:
    letters = choice_letters(len(choices))
    return ', '.join(repr(f'{letters[index]}) {choices[index]}') for index in indices)


def _check_finite(value: Value | None) -> None:
    """Refuse NaN and infinities.

    Raises:
        AnswerMismatchError: the value, or a part of it, is not finite.
    """
    numeric = isinstance(value, (float, np.ndarray))
    if numeric and not np.isfinite(np.asarray(value, dtype=np.float64)).all():
        raise AnswerMismatchError(
            f'the answer was {_short(value)}, which is not finite: something behind it was not '
            'measured. Leave NaN out, look at another frame, or refuse with a reason')


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN_CHARS else f'{text[:_MAX_SHOWN_CHARS]}...'
