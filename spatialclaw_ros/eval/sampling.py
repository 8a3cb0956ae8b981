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


"""Which of a data set's questions are asked."""

from __future__ import annotations

import difflib
import random
from collections import Counter
from collections.abc import Iterable, Sequence

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.config import DataConfig
from spatialclaw_ros.eval.records import Question


def draw(questions: Sequence[Question], limit: int, seed: int = 42) -> tuple[Question, ...]:
    """Draw questions as the SpatialClaw paper's evaluation does.

    The whole list is shuffled by Python's own generator, and its first ones are taken; so what is
    drawn depends on the order of the list. Nothing is shuffled where all of them fit.

    Args:
        questions: in the order of the published files.
        limit: at most so many; 0 for all.
        seed: of the generator.
    """
    if not 0 < limit < len(questions):
        return tuple(questions)
    shuffled = list(questions)
    random.Random(seed).shuffle(shuffled)
    return tuple(shuffled[:limit])


def choose(questions: Sequence[Question], spec: DataConfig) -> tuple[Question, ...]:
    """The questions that a configuration asks for.

    Args:
        questions: all of a data set's.
        spec: its `ids` and `categories` are kept, then `limit` of them are drawn.

    Raises:
        InvalidRequestError: none are left, an id or a category is not there, or an id is empty
            or there twice.
    """
    ids = [question.id for question in questions]
    if len(set(ids)) < len(ids):
        [(twice, count)] = Counter(ids).most_common(1)
        raise InvalidRequestError(f'the data set has {count} questions with the id {twice!r}')
    if '' in ids:
        raise InvalidRequestError('the data set has a question without an id; results and traces '
                                  'are named by it')
    _check('id', spec.ids, ids)
    _check('category', spec.categories, {question.category for question in questions})
    kept = [question for question in questions
            if (not spec.ids or question.id in spec.ids)
            and (not spec.categories or question.category in spec.categories)]
    if not kept:
        raise InvalidRequestError('the data set has no question that data.ids and '
                                  'data.categories leave')
    return draw(kept, spec.limit, spec.sample_seed)


def _check(what: str, asked: Sequence[str], known: Iterable[str]) -> None:
    names = sorted(known)
    for each in asked:
        if each not in names:
            near = difflib.get_close_matches(each, names, 1, 0.5)
            raise InvalidRequestError(
                f'the data set has no {what} {each!r}'
                + (f'; did you mean {near[0]!r}?' if near else
                   f'; there are {", ".join(names[:8])}{", ..." if len(names) > 8 else ""}'))
