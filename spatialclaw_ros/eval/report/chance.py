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



"""What those get who don't look: a random guess, and the answer that is most often right."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from spatialclaw_ros.eval.records import Question, Said
from spatialclaw_ros.eval.scoring import chosen_option, read_yes_no

_REFUSAL = "can't tell"
_LETTERS = string.ascii_uppercase


@dataclass(frozen=True)
class Chance:
    """Share of questions that are right without a look at what they are about.

    Args:
        guess: when one of the options is drawn; None where they are not listed.
        majority: when all get one answer, the best: always yes, say, or always the second option.
        answer: which one that is.
    """

    guess: float | None
    majority: float
    answer: str


def chance(questions: Sequence[Question]) -> Chance | None:
    """What comes right by itself; None unless each of some questions is yes/no or has options.

    A refusal is an answer, too: the right one where nothing can be told. No guess is one.
    """
    counts: Counter[str] = Counter()
    guesses: list[float] = []
    for question in questions:
        answers = _answers(question)
        if not answers:
            return None
        counts.update(answers)
        among = 2 if question.answer == 'yes_no' else sum(map(bool, question.options))
        if among:
            guesses.append(0.0 if question.truth is None else 1 / among)
    if not counts:
        return None
    answer, most = counts.most_common(1)[0]
    listed = len(guesses) == len(questions)
    return Chance(sum(guesses) / len(guesses) if listed else None, most / len(questions), answer)


def _answers(question: Question) -> tuple[str, ...]:
    """Right answers, by an option's words and by its place; none where there is no choice."""
    truth, options = question.truth, question.options
    if question.answer not in ('yes_no', 'letter') and not options:
        return ()
    if truth is None:
        return (_REFUSAL,)
    if question.answer == 'yes_no':
        return ('yes' if read_yes_no(Said(status='OK', value=truth)) else 'no',)
    at = chosen_option(str(truth), options) if options else None
    if at is None:
        return (str(truth),)
    return f'option {_LETTERS[at % len(_LETTERS)]}', options[at]
