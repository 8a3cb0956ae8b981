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

"""Rows, what is between, views from the other side: phrasings, and what their cells find."""

from __future__ import annotations

from typing import Any

import pytest

from spatialclaw_ros.backbone.rules.intents import (
    OPPOSITE,
    Between,
    BetweenWhat,
    Intent,
    Relation,
    Row,
    Size,
    Thing,
)
from spatialclaw_ros.backbone.rules.nouns import singular
from spatialclaw_ros.backbone.rules.parse import parse

T = Thing
THREE = (T('mug'), T('box'), T('ball'))


@pytest.mark.parametrize(('text', 'intent'), [
    ('Of the mug, the box and the ball, which is second from the left?', Row(2, 'left', THREE)),
    ('Which is first from the right: the mug, the box or the ball?', Row(1, 'right', THREE)),
    ('Which of the mug, the box and the ball comes third from the right?', Row(3, 'right', THREE)),
    ('Is the mug between the box and the ball?', Between(*THREE)),
    ('Does the mug stand between the box and the ball?', Between(*THREE)),
    ('What is between the mug and the box?', BetweenWhat(*THREE[:2])),
    ('Which block stands between the mug and the box?', BetweenWhat(*THREE[:2], 'block')),
    ('Seen from the other side, is the mug left of the box?',
     Relation(T('mug'), 'left', T('box'), OPPOSITE)),
    ('If you looked from the opposite side of the table, would the mug be to the left of the box?',
     Relation(T('mug'), 'left', T('box'), OPPOSITE)),
    ('For somebody who faces the camera, is the mug in front of the box?',
     Relation(T('mug'), 'front', T('box'), OPPOSITE)),
    ('How wide is the path?', Size(T('path'), 'width')),
    ('How long is the race course?', Size(T('race course'), 'length')),
    ('How long is the route that the mug took?', None),
    ('Is the mug between the box and the box?', None),
])
def test_phrasing_means_its_intent(text: str, intent: Intent | None) -> None:
    assert parse(text) == intent


@pytest.fixture(scope='module')
def row(kit: Any) -> Any:
    """A mug, a ball and a box from left to right, 0.3 m apart, a block beside the line."""
    block = kit.solid('block', 'box', (0.05, 0.05, 0.05), (1.16, 0.14, 0.745))
    return kit.world((
        kit.floor, kit.table, block, kit.solid('mug', 'cylinder', (0.04, 0.10), (1.1, 0.3, 0.77)),
        kit.solid('ball', 'ball', (0.05,), (1.1, 0.0, 0.77)),
        kit.solid('box', 'box', (0.1, 0.1, 0.1), (1.1, -0.3, 0.77))))


@pytest.mark.parametrize(('text', 'truth'), [
    ('Of the mug, the box and the ball, which is second from the left?', 'ball'),
    ('Of the mug, the box and the ball, which is first from the right?', 'box'),
    ('Is the ball between the mug and the box?', True),
    ('Is the box between the mug and the ball?', False),
    ('Is the mug left of the ball?', True),
    ('Seen from the other side, is the mug left of the ball?', False),
    ('For someone facing the camera, is the box to the left of the ball?', True),
])
def test_arranged_things(kit: Any, row: Any, text: str, truth: str | bool) -> None:
    answer = kit.ask(row, text).answer
    assert answer.value == truth, answer.reason


def test_what_can_be_argued_about_is_refused(kit: Any, row: Any) -> None:
    answer = kit.ask(row, 'Is the block between the mug and the box?').answer
    assert answer.value is None
    assert 'can be argued about' in answer.reason


@pytest.mark.parametrize(('plural', 'single'), [
    ('mugs', 'mug'), ('glasses', 'glass'), ('glass', 'glass'), ('bus', 'bus'),
    ('orange balls in the box', 'orange ball in the box'),
])
def test_singular(plural: str, single: str) -> None:
    assert singular(plural) == single
