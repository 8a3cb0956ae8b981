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


"""Numbers, answers and truths of a report as texts; what is unknown is a dash."""

from __future__ import annotations

import math
from collections.abc import Sequence

from spatialclaw_ros.agent.answers import number_text, point_text
from spatialclaw_ros.eval.records import Question, Said
from spatialclaw_ros.eval.report.reading import Entry
from spatialclaw_ros.eval.scoring import tolerance
from spatialclaw_ros.eval.statistics import Estimate
from spatialclaw_ros.sharing.texts import clean_line

UNKNOWN = '–'
_MAX_CHARS = 300
# Below it a number with a unit shows no digit but 0: no sign of it either.
_LEAST = 5e-4


def estimate(found: Estimate, *, percent: bool = False) -> str:
    """A mean with its interval: 0.91 [0.85, 0.96]."""
    if found.value is None:
        return UNKNOWN
    show = _percent if percent else '{:.3f}'.format
    if found.low is None or found.high is None:
        return f'{show(found.value)} [interval unknown]'
    return f'{show(found.value)} [{show(found.low)}, {show(found.high)}]'


def counted(found: Estimate) -> str:
    """A share with its counts and its interval: 3 of 4: 75.0 % [30.1 %, 95.4 %]."""
    hits = round((found.value or 0.0) * found.count)
    return f'{hits} of {found.count}: {estimate(found, percent=True)}'


def _percent(value: float) -> str:
    return f'{100 * value:.1f} %'


def quantity(value: float | None, unit: str = '', *, sign: bool = False) -> str:
    """A number with its unit, angles in degrees, too."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if unit and abs(value) < _LEAST:
        value = 0.0
    plus = '+' if sign and value > 0 else ''
    return plus + (f'{value:.4g}' if not unit else number_text(value, unit))


def value_text(value: object, unit: str = '', frame: str = '') -> str:
    """A value of a question or an answer."""
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, (int, float)):
        return quantity(float(value), unit)
    if isinstance(value, Sequence) and not isinstance(value, str):
        import numpy as np
        numbers = np.asarray(value, dtype=np.float64)
        return point_text(numbers, frame) if numbers.shape == (3,) else str(list(value))
    return line(str(value))


def truth_text(question: Question) -> str:
    """The truth for a person."""
    if question.truth is None:
        return 'can not be told'
    return value_text(question.truth, question.unit, question.frame)


def said_text(said: Said) -> str:
    """What came back for a person: the answer, or why there is none."""
    if not said.answered:
        return f'{said.status}: {line(said.message)}' if said.message else said.status
    typed = said.value is not None and not isinstance(said.value, str)
    text = value_text(said.value, said.unit, said.frame) if typed else (
        line(str(said.value or said.text)) or UNKNOWN)
    if said.sigma is not None:
        text += f' ± {quantity(said.sigma, said.unit)}'
    return text


def error_text(entry: Entry) -> str:
    """Error of a number or a point, beside its tolerance where that is known."""
    error, question = entry.result.score.error, entry.question
    if error is None:
        return UNKNOWN
    shown = quantity(error, question.unit, sign=question.answer != 'point')
    limit = tolerance(question) if question.unit else 0.0
    return f'{shown} (tolerance {quantity(limit, question.unit)})' if limit else shown


def notes_text(said: Said) -> str:
    """What the tools assumed or missed, and what the metres rest on."""
    parts = [line(note) for note in said.notes]
    if said.scale_source:
        parts.append(f'scale: {line(said.scale_source)}')
    return '; '.join(parts)


def line(text: str) -> str:
    """One short line of a text from outside, without control characters."""
    flat = clean_line(' '.join(text.split()))
    return flat if len(flat) <= _MAX_CHARS else f'{flat[:_MAX_CHARS - 1]}…'
