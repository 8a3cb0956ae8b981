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

"""The demo's questions, their true answers, and whether an answer is right."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.sim.folder import FrameFolder
from spatialclaw_ros.sim.trajectory import GRIPPER_FRAME, ArcTrajectory

TOLERANCE_M = 0.02
TOLERANCE_SHARE = 0.03


@dataclass(frozen=True)
class Asked:
    """A question and its true answer.

    Args:
        text: the question.
        family: what kind of question it is, for headings.
        truth: metres, a number of things, yes or no, or a text that the answer must name.
        tolerance_m: for metres: None for the larger of 2 cm and 3 % of the truth.
        exact: whether a number must be equal (a count).
        gripper_point: (3,) in `base_link`: the truth is its distance from the gripper at the
            stamp of the answer instead.
    """

    text: str
    family: str
    truth: float | bool | str
    tolerance_m: float | None = None
    exact: bool = False
    gripper_point: tuple[float, float, float] | None = None

    def truth_at(self, stamp_ns: int) -> float | bool | str:
        """The true answer at a stamp."""
        if self.gripper_point is None:
            return self.truth
        T_base_gripper = ArcTrajectory().T_base_frame(GRIPPER_FRAME, stamp_ns)
        return float(np.linalg.norm(
            transform_points(invert(T_base_gripper), np.array(self.gripper_point))))


@dataclass(frozen=True)
class Verdict:
    """How an answer compares with the truth.

    Args:
        right: whether it is within tolerance, or equal.
        truth: the true value at the answer's stamp.
        metric: whether the truth is in metres.
        error_m: difference in metres, NaN where that means nothing.
    """

    right: bool
    truth: float | bool | str
    metric: bool = False
    error_m: float = math.nan

    @property
    def truth_text(self) -> str:
        """The truth for a person."""
        if isinstance(self.truth, bool):
            return 'yes' if self.truth else 'no'
        if isinstance(self.truth, str):
            return self.truth
        return f'{self.truth:.3f} m' if self.metric else f'{self.truth:g}'

    @property
    def error_text(self) -> str:
        """The error for a person."""
        return '' if math.isnan(self.error_m) else f'{self.error_m * 1000:+.1f} mm'


def judge(asked: Asked, value: float | bool | str | None, stamp_ns: int) -> Verdict:
    """Compare an answer with the truth.

    Args:
        asked: the question.
        value: number (metres, or a count), yes or no, or text; None when there is no answer.
        stamp_ns: stamp of the answer.
    """
    truth = asked.truth_at(stamp_ns)
    if isinstance(truth, bool):
        return Verdict(isinstance(value, bool) and value == truth, truth)
    if isinstance(truth, str):
        return Verdict(isinstance(value, str) and _plain(truth) in _plain(value), truth)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        return Verdict(False, truth, not asked.exact)
    error = float(value) - truth
    if asked.exact:
        return Verdict(error == 0, truth)
    tolerance_m = asked.tolerance_m
    if tolerance_m is None:
        tolerance_m = max(TOLERANCE_M, TOLERANCE_SHARE * abs(truth))
    return Verdict(abs(error) <= tolerance_m, truth, True, error)


def tabletop_questions(facts: dict[str, Any]) -> tuple[Asked, ...]:
    """Five questions of five families about the demo's scene.

    Args:
        facts: what `Truth.facts` says, or a recording's truth.json.
    """
    objects, closest = facts['objects'], facts['closest']
    ball = tuple(objects['green ball']['center'])
    mug_to = closest['red mug']
    nearer = min(('blue box', 'green ball'), key=lambda name: mug_to[name])
    return (
        Asked('What is the closest distance between the red mug and the blue box?',
              'closest distance', mug_to['blue box']),
        Asked('How far is the center of the green ball from the gripper?',
              'distance to a TF frame', math.nan, gripper_point=ball),
        Asked('How tall is the yellow bottle?', 'size', objects['yellow bottle']['size'][2]),
        Asked('How many orange balls are on the table?', 'count',
              float(sum(thing['kind'] == 'orange ball' for thing in objects.values())),
              exact=True),
        Asked('Which is closer to the red mug: the blue box or the green ball?', 'which is nearer',
              nearer),
    )


def folder_questions(folder: FrameFolder) -> tuple[Asked, ...]:
    """The questions of a folder's README."""
    return tuple(
        Asked(reference.text, 'reference',
              reference.answer if reference.value is None else reference.value,
              reference.tolerance_m)
        for reference in folder.references)


def chosen(questions: Sequence[Asked], numbers: str) -> tuple[Asked, ...]:
    """Questions by number, from 1: '1,3-4'; all for ''.

    Raises:
        ValueError: not such a list, or a number without a question.
    """
    if not numbers:
        return tuple(questions)
    picked: list[int] = []
    for part in numbers.split(','):
        found = re.fullmatch(r'\s*(\d+)(?:-(\d+))?\s*', part)
        if not found:
            raise ValueError(f'questions are numbers such as 1,3-4, got {numbers!r}')
        picked += range(int(found[1]), int(found[2] or found[1]) + 1)
    if not all(1 <= number <= len(questions) for number in picked):
        raise ValueError(f'there are questions 1 to {len(questions)}, got {numbers!r}')
    return tuple(questions[number - 1] for number in picked)


def _plain(text: str) -> str:
    """Lower-case words without articles and notes in brackets."""
    words = re.sub(r'\(.*?\)', ' ', text.lower()).split()
    return ' '.join(word.strip('.,') for word in words if word not in ('the', 'a', 'an'))
