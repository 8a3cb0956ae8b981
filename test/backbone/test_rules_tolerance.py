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

"""Which numbers the rules tell, and which they refuse, for the tolerance that is asked for."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest

from spatialclaw_ros.workspace.question import AnswerType
from spatialclaw_ros.workspace.tolerance import Tolerance

TIGHT = Tolerance(0.0005, 0.0, 0.05)
LOOSE = Tolerance(1.0, 0.0, 90.0)

LENGTHS = ('How far is the mug from the box?', 'How wide is the box?',
           'How high is the top of the mug above the table?', 'How far did the camera move?')


@pytest.mark.parametrize(('text', 'answer_type', 'about'), [
    *((text, AnswerType.NUMBER, r'0\.\d+ m') for text in LENGTHS),
    (LENGTHS[0], AnswerType.TEXT, r'0\.\d+ m'),
    ('Where is the mug?', AnswerType.POINT, r'\[.*\] m'),
    ('Where is the mug?', AnswerType.TEXT, r'\[.*\] m'),
    ('Where is the mug relative to the box?', AnswerType.TEXT, r'0\.\d+ m to the left'),
    ('How big is the box?', AnswerType.TEXT, r'0\.\d+ m long'),
    ('What is the bearing of the ball from the robot?', AnswerType.NUMBER, r'-0\.\d+ rad'),
    ('How much did the camera turn?', AnswerType.NUMBER, r'0\.\d+ rad'),
])
def test_a_number_is_told_to_who_is_content_with_it(
    kit: Any, tabletop: Any, text: str, answer_type: AnswerType, about: str,
) -> None:
    told = kit.ask(tabletop, text, answer_type, tolerance=LOOSE).answer
    assert told.value is not None, told.reason
    refused = kit.ask(tabletop, text, answer_type, tolerance=TIGHT).answer
    assert refused.value is None
    assert re.match(f'it is about {about}', refused.reason), refused.reason
    assert 'would help' in refused.reason


@pytest.mark.parametrize('text', [
    'How many blocks are on the table?', 'Is there a mug on the table?',
    'Is the mug taller than 15 cm?', 'Is the box farther from the camera than the ball?',
    'Which is taller, the mug or the box?', 'Did the camera move?',
])
def test_what_is_no_number_with_a_sigma_is_told_as_before(
    kit: Any, tabletop: Any, text: str,
) -> None:
    values = [kit.ask(tabletop, text, tolerance=each).answer.value for each in (TIGHT, LOOSE)]
    assert values[0] is not None
    assert values[0] == values[1]


@pytest.mark.parametrize(('text', 'answer_type', 'of_it'), [
    (LENGTHS[0], AnswerType.NUMBER, True),
    ('How high is the table top above the floor?', AnswerType.NUMBER, True),
    ('Where is the mug?', AnswerType.POINT, False),  # however far it is
])
def test_a_share_is_of_what_is_measured(
    kit: Any, tabletop: Any, text: str, answer_type: AnswerType, of_it: bool,
) -> None:
    answer = kit.ask(tabletop, text, answer_type).answer
    extent = abs(answer.value) if of_it else 9.0
    just = 2 * answer.sigma / extent
    for share, told in ((1.01 * just, of_it), (0.99 * just, False)):
        asked = replace(TIGHT, share=share)
        found = kit.ask(tabletop, text, answer_type, tolerance=asked).answer
        assert (found.value is not None) is told, found.reason


@pytest.mark.parametrize(('factor', 'told'), [(1.01, True), (0.99, False)])
def test_an_angle_is_held_to_the_angle_alone(
    kit: Any, tabletop: Any, factor: float, told: bool,
) -> None:
    text = 'What is the bearing of the ball from the robot?'
    sigma_deg = math.degrees(kit.ask(tabletop, text).answer.sigma)
    asked = replace(TIGHT, angle_deg=2 * factor * sigma_deg)
    assert (kit.ask(tabletop, text, tolerance=asked).answer.value is not None) is told
