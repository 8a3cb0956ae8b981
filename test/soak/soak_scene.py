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


"""What the soak's robot sees, what is asked about it, and the true answers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import plates
from robot_double import BALL_RADIUS_M, BALLS, BASE_IN_ODOM, GAP_M

from spatialclaw_ros.geometry.se3 import look_at
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.workspace.question import AnswerType

TARGET = np.array([0.62, 0.0, 0.0])
POSES = {
    'front': look_at(np.array([0.0, 0.0, 0.6]), np.array([0.65, 0.0, 0.0])),
    'left': look_at(np.array([0.12, 0.30, 0.62]), TARGET),
    'right': look_at(np.array([0.12, -0.30, 0.65]), TARGET),
}
"""(4, 4) `T_base_camera` by name."""
JUMP_M = (0.8, -0.5, 0.0)
"""How far TF moves the base in `odom` while it jumps."""
CAMERAS = tuple(POSES)
MODES = ('plain', 'off', 'small', 'renamed', 'wrong_step', 'short_data', 'unknown_encoding',
         'short_depth', 'no_depth')
"""How a camera publishes: `plain` is as it should be."""


@dataclass(frozen=True)
class Asked:
    """A question of which the truth is known.

    Args:
        text: the question.
        truth: metres, yes or no, or a point (metres).
        tolerance: of a number or a point.
        cameras: that are asked for; empty for all.
        answer_type: what the answer must be.
        frame_id: of a point.
    """

    text: str
    truth: float | bool | tuple[float, float, float]
    tolerance: float = 0.0
    cameras: tuple[str, ...] = ()
    answer_type: AnswerType = AnswerType.ANY
    frame_id: str = ''

    @property
    def in_odom(self) -> bool:
        """Whether the answer hangs on where TF says that the base is."""
        return self.frame_id == 'odom'

    def right_if(self, answer: SpatialAnswer) -> frozenset[str]:
        """What would make the value of an answer right that is wrong else.

        Returns:
            'moved': TF says that the base is elsewhere. 'unscaled': there is no depth, and the
            answer says that its metres are a network's guess.
        """
        found = set()
        if self.in_odom and isinstance(self.truth, tuple):
            there = replace(self, truth=tuple(np.add(self.truth, JUMP_M).tolist()))
            if not there.fault_of(answer):
                found.add('moved')
        if (answer.scale_source == 'model' and answer.missing_priors
                and math.isnan(answer.sigma)):
            found.add('unscaled')
        return frozenset(found)

    def fault_of(self, answer: SpatialAnswer) -> str:
        """What is wrong with the value of an answer whose status is OK; '' when it is right."""
        if isinstance(self.truth, bool):
            found: object = answer.boolean
            right = (answer.answer_type == AnswerType.BOOLEAN and answer.boolean == self.truth)
        elif isinstance(self.truth, tuple):
            point = (answer.point.x, answer.point.y, answer.point.z)
            found = f'({", ".join(f"{c:.3f}" for c in point)}) in {answer.header.frame_id}'
            right = (math.dist(point, self.truth) <= self.tolerance
                     and answer.header.frame_id == (self.frame_id or 'base_link'))
        else:
            found = f'{answer.number:.4g} {answer.unit}'.strip()
            right = abs(answer.number - self.truth) <= self.tolerance and answer.unit == 'm'
        return '' if right else (
            f'{found}, the truth is {self.truth} (metres from {answer.scale_source or "nothing"}, '
            f'sigma {answer.sigma:.2g}; {"; ".join(answer.missing_priors) or "nothing missing"})')


def questions(scene: str) -> tuple[Asked, ...]:
    """What is asked of a scene: of one camera and of several, with and without TF."""
    if scene == 'plates':
        return (
            Asked('How far apart are the plates?', plates.APART_M, 0.01, ('front',)),
            Asked('How far apart are the plates?', plates.APART_M, 0.01, ('left',)),
            Asked('How far apart are the plates?', plates.APART_M, 0.01, ('right',)))
    red = BALLS['red'][0]
    apart = 'How far apart are the red ball and the blue ball?'
    return (
        Asked(apart, GAP_M, 0.015),
        Asked(apart, GAP_M, 0.015, ('left', 'right')),
        *(Asked(apart, GAP_M, 0.015, (camera,)) for camera in CAMERAS),
        Asked('Is there a red ball?', True, cameras=('front',)),
        Asked('Where is the red ball?', red, 0.04, ('front',), AnswerType.POINT),
        Asked('Where is the red ball?', tuple(np.add(red, BASE_IN_ODOM).tolist()), 0.04, ('left',),
              AnswerType.POINT, 'odom'),
        Asked('How tall is the blue ball?', 2 * BALL_RADIUS_M, 0.02, ('front',)))
