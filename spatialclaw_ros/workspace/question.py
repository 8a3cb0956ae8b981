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

"""What is asked, and what is answered."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

import numpy as np

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.workspace.tolerance import Tolerance

MAX_QUESTION_CHARS = 4000
MAX_CHOICES = 64
MAX_CHOICE_CHARS = 500


class AnswerType(enum.IntEnum):
    """Type of value that a question asks for; numbers as in `msg/SpatialAnswer`."""

    ANY = 0
    NUMBER = 1
    BOOLEAN = 2
    CHOICE = 3
    TEXT = 4
    POINT = 5


class Status(enum.IntEnum):
    """How a query ended; numbers as in `msg/SpatialAnswer`."""

    OK = 0
    REFUSED = 1
    NO_FRAMES = 2
    INVALID_REQUEST = 3
    BUSY = 4
    TIMEOUT = 5
    STEP_LIMIT = 6
    BACKBONE_UNAVAILABLE = 7
    PERCEPTION_UNAVAILABLE = 8
    CANCELED = 9
    INTERNAL_ERROR = 10
    INACTIVE = 11


@dataclass(frozen=True)
class Question:
    """A question as the agent sees it.

    Args:
        text: plain language, 1 to 4000 characters.
        answer_type: what the answer must be.
        choices: the texts to choose from; CHOICE needs at least two.
        frame_id: TF frame for a POINT answer; '' for the node's default.
        tolerance: to which lengths, places and angles are wanted; what is known less well is
            refused.

    Raises:
        InvalidRequestError: empty or too long, or choices that don't fit the type.
    """

    text: str
    answer_type: AnswerType = AnswerType.ANY
    choices: tuple[str, ...] = ()
    frame_id: str = ''
    tolerance: Tolerance = field(default_factory=Tolerance)

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise InvalidRequestError('the question is empty; ask one in plain language')
        if len(self.text) > MAX_QUESTION_CHARS:
            raise InvalidRequestError(
                f'the question has {len(self.text)} characters, at most {MAX_QUESTION_CHARS} '
                'are read; ask a shorter one')
        if self.answer_type == AnswerType.CHOICE and len(self.choices) < 2:
            raise InvalidRequestError(
                f'answer_type CHOICE needs at least two choices, got {len(self.choices)}')
        if len(self.choices) > MAX_CHOICES:
            raise InvalidRequestError(
                f'{len(self.choices)} choices came, at most {MAX_CHOICES} are read')
        if any(not choice.strip() for choice in self.choices):
            raise InvalidRequestError('a choice is empty; give each one a text')
        longest = max(map(len, self.choices), default=0)
        if longest > MAX_CHOICE_CHARS:
            raise InvalidRequestError(
                f'a choice has {longest} characters, at most {MAX_CHOICE_CHARS} are read')


Value = str | float | bool | np.ndarray


@dataclass(frozen=True, eq=False)
class CellAnswer:
    """What a cell handed to `ReturnAnswer`.

    Args:
        value: text, number (float64), boolean, or a (3,) float64 point; None refuses.
        unit: SI unit of a number or point ('m', 'rad', ...); None when it has none.
        points: (K, 3) float64 in the world frame: the evidence (two for a distance).
        frame: frame of a point value: None for the world, or a TF frame.
        sigma: standard deviation of a number, in `unit`; NaN when unknown.
        reason: why there is no value, when it is None.
    """

    value: Value | None
    unit: str | None = None
    points: np.ndarray | None = None
    frame: str | None = None
    sigma: float = math.nan
    reason: str = ''
