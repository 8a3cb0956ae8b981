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

"""What rules tell when metres are a model's own guess, and when nothing tells a metre."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from spatialclaw_ros.backbone.rules import scaled
from spatialclaw_ros.backbone.rules.parse import parse
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE, UNKNOWN_UP, ToolResult
from spatialclaw_ros.workspace.question import AnswerType
from spatialclaw_ros.workspace.tolerance import Tolerance

UNIT_M = 2.7
NOTE = 'The scale is unknown: there is no sensor depth, and so on.'
LENGTHS: list[tuple[str, float | None]] = [
    ('How far is the mug from the box?', 0.336), ('How far is the mug from the camera?', 1.1),
    ('How far is the ball from the gripper?', 0.443),
    ('How far is the mug from the edge of the table?', 0.26),
    ('How far is the gripper from the edge of the table?', None),
    ('How far is the centre of the mug from the edge of the table?', 0.30),
    ('How far is the centre of the box from the ball?', 0.214),
    ('How far apart are the centres of the mug and the box?', 0.427),
    ('What is the horizontal distance between the mug and the ball?', 0.2),
    ('What is the vertical distance between the ball and the mug?', 0.0),
    ('How tall is the box?', 0.12), ('How wide is the box?', 0.1),
    ('What is the diameter of the mug?', 0.083),
    ('How high is the table above the floor?', 0.72), ('How high is the table?', 0.72),
    ('How high is the ball above the table?', 0.0),
    ('How high is the top of the mug above the table?', 0.1),
    ('How high is the gripper above the floor?', 1.0),
    ('How far did the ball move?', 0.1), ('How fast did the ball move?', 1.0),
]
PLACES = ['Where is the mug?', 'Where is the table?', 'Where is the mug relative to the gripper?']
COMPARED = [
    'Which is closer to the mug: the box or the ball?', 'Which is taller, the box or the ball?',
    'Which is the largest: the mug, the box or the ball?', 'Is the box taller than the mug?',
    'Is the mug in front of the box?', 'Is the ball above or below the table?',
    'Is the mug on the table?', 'Is the ball between the box and the mug?',
    'What is between the mug and the ball?',
]
LIMITS = ['Is the gap between the mug and the box wider than 10 cm?', 'Did the ball move?',
          'Is the box taller than 5 cm?', 'Which way did the ball move?']
PICTURED = [
    ('Is the mug left of the box?', True), ('Is the mug right of the box?', False),
    ('Is the mug to the left or right of the box?', 'left'),
    ('Which is the leftmost: the mug, the box or the ball?', 'mug'),
    ('Of the mug, the box and the ball, which is first from the left?', 'mug'),
    ('Of the mug, the box and the ball, which is first from the right?', 'box'),
]


def guessed(kit: Any, source: str, moved: float = 0.0, eyes: int = 2) -> Any:
    """The usual table, seen by a depth model alone; the ball moves between the first two frames."""
    solids = [(kit.floor, kit.table, kit.mug, kit.box, kit.solid(
        'ball', 'ball', (0.05,), (1.02, -0.02 + moved * (frame > 0), 0.77)))
        for frame in range(eyes)]
    world = kit.world(solids, eyes=[(0.25, 0.1, 1.55)] * eyes)
    sensed = world.port

    def port(call: Any) -> ToolResult:
        result = sensed(call)
        if call.tool != 'reconstruct':
            return result
        unit_m = UNIT_M if source == UNKNOWN_SCALE else 1.0
        arrays = {name: array / np.float32(unit_m) if name.startswith(('depth_', 'points_'))
                  else array.copy() for name, array in result.arrays.items()}
        arrays['extrinsics'][:, :3, 3] /= unit_m
        notes = [NOTE] if source == UNKNOWN_SCALE else []
        return ToolResult({**result.values, 'scale_source': source, 'notes': notes}, arrays)

    world.port = port
    return world


@pytest.mark.parametrize(('text', 'truth'), LENGTHS)
def test_a_guessed_length_has_no_sigma(kit: Any, text: str, truth: float | None) -> None:
    moved = 0.1 if 'move' in text else 0.0
    answer = kit.ask(
        guessed(kit, 'model', moved), text, tolerance=Tolerance(0.02, 0.0)).answer
    assert truth is None or answer.value == pytest.approx(truth, abs=0.012), answer.reason
    assert math.isnan(answer.sigma)
    unknown = kit.ask(guessed(kit, UNKNOWN_SCALE, moved), text).answer
    assert (unknown.value, unknown.reason) == (None, NOTE)


@pytest.mark.parametrize('text', PLACES)
def test_a_guessed_place_has_no_sigma(kit: Any, text: str) -> None:
    answer = kit.ask(guessed(kit, 'model'), text, AnswerType.POINT).answer
    assert np.isfinite(answer.value).all(), answer.reason
    assert math.isnan(answer.sigma)
    assert kit.ask(guessed(kit, UNKNOWN_SCALE), text).answer.reason == NOTE


@pytest.mark.parametrize('text', [*COMPARED, *LIMITS])
def test_what_two_sigma_decide_is_refused(kit: Any, text: str) -> None:
    answer = kit.ask(guessed(kit, 'model', moved=0.1), text).answer
    assert answer.value is None
    assert "how far off the model's depth is, is not known" in answer.reason
    assert 'a depth sensor' in answer.reason
    unknown = kit.ask(guessed(kit, UNKNOWN_SCALE, moved=0.1), text).answer
    assert unknown.value is None
    assert NOTE in unknown.reason
    assert ('nothing tells how far off' in unknown.reason) == (text in COMPARED)


@pytest.mark.parametrize('source', ['model', UNKNOWN_SCALE])
@pytest.mark.parametrize(('text', 'truth'), PICTURED)
def test_sides_are_told_by_the_picture(
    kit: Any, text: str, truth: bool | str, source: str,
) -> None:
    outcome = kit.ask(guessed(kit, source), text)
    assert outcome.answer.value == truth, outcome.answer.reason
    assert 'alone' in outcome.turns[1].result.stdout
    assert kit.ask(guessed(kit, source, eyes=1), text).answer.value == truth


@pytest.mark.parametrize('source', ['model', UNKNOWN_SCALE])
def test_a_bearing_has_the_sigma_of_the_picture(kit: Any, source: str) -> None:
    answer = kit.ask(guessed(kit, source), 'What is the bearing of the mug?').answer
    assert answer.value == pytest.approx(
        math.atan2(0.15, 0.85) - math.atan2(-0.1, 0.9), abs=0.01)
    assert 0.001 < answer.sigma < 0.02
    assert kit.ask(guessed(kit, source), 'Is the camera facing the mug?').answer.value is True
    mixed = kit.ask(guessed(kit, source), 'What is the bearing of the mug from the gripper?').answer
    assert mixed.value is None
    assert (mixed.reason == NOTE) == (source == UNKNOWN_SCALE)


@pytest.mark.parametrize('source', ['model', UNKNOWN_SCALE])
@pytest.mark.parametrize(('text', 'value', 'sigma'), [
    ('How many mugs are there?', 1, math.nan), ('Is there a mug?', True, math.nan),
    ('Are there more than 2 mugs?', False, math.nan),
    ('How far is the gripper from base_link?', math.sqrt(0.6**2 + 0.1**2 + 1), 0.0),
    ('How far did the gripper move?', 0.0, 0.01), ('How far did the camera turn?', 0.0, 0.005),
])
def test_what_needs_no_metres_of_a_model(
    kit: Any, source: str, text: str, value: float, sigma: float,
) -> None:
    answer = kit.ask(guessed(kit, source), text).answer
    assert answer.value == pytest.approx(value), answer.reason
    assert answer.sigma == pytest.approx(sigma, nan_ok=True)


def test_repeats_of_no_known_size_are_not_counted_over_frames(kit: Any) -> None:
    world = guessed(kit, UNKNOWN_SCALE)
    world.prompts['mugs'] = [('mug', 0.9), ('ball', 0.9)]
    shown = world.which
    shown[0][shown[0] == world.names[0].index('ball')] = -1
    shown[1][shown[1] == world.names[1].index('mug')] = -1
    answer = kit.ask(world, 'How many mugs are there?').answer
    assert answer.value is None
    assert 'no picture shows more than 1 of them' in answer.reason


@pytest.mark.parametrize('source', ['sensor_depth', 'model', UNKNOWN_SCALE])
def test_who_looks_from_the_other_side_has_the_row_turned_round(kit: Any, source: str) -> None:
    world = guessed(kit, source, eyes=1)
    row = 'Of the mug, the box and the ball, which is {} from the left, seen from the other side?'
    named = [kit.ask(world, row.format(place)).answer.value for place in ('first', 'third')]
    assert named == ['box', 'mug']


@pytest.mark.parametrize(('text', 'needs'), [
    ('How far is the mug from the box?', True), ('Is the mug taller than 5 cm?', True),
    ('How fast did the mug move?', True), ('How far did the camera turn?', False),
    ('Is the mug left of the box?', False), ('What is the bearing of the mug?', False),
])
def test_what_needs_metres(text: str, needs: bool) -> None:
    intent = parse(text)
    assert intent is not None
    assert scaled.needs_metres(intent) is needs
    why = scaled.objection(intent, {'source': UNKNOWN_SCALE, 'frames': 1, 'notes': []})
    assert ('a metric model such as da3metric-large' in why) is needs
    assert not scaled.objection(intent, json.loads('{"source": "model", "notes": []}'))


@pytest.mark.parametrize(('text', 'needs'), [
    ('How far is the mug from the box?', False), ('How tall is the mug?', True),
    ('How far apart are the centres of the mug and the box?', False),
    ('How far is the mug from the edge of the table?', True),
    ('What is the vertical distance between the ball and the mug?', True),
    ('How high is the table above the floor?', True), ('Where is the mug?', False),
    ('Where is the mug relative to the box?', True), ('Is the mug taller than 5 cm?', True),
    ('Is the gap between the mug and the box wider than 10 cm?', False),
    ('Is the mug left of the box?', False), ('Is the mug in front of the box?', True),
    ('Which is nearer to the mug: the box or the ball?', False),
    ('Which is taller, the box or the ball?', True), ('How many mugs are there?', False),
    ('Is the ball between the box and the mug?', True), ('How fast did the mug move?', False),
    ('Which way did the ball move?', True), ('What is the bearing of the mug?', True),
    ('Is the camera facing the mug?', True), ('How far is the camera from the gripper?', False),
    ('How far is the top of the mug from the box?', True),
    ('What is between the mug and the ball?', True),
    ('Is the mug in front of or behind the box?', True),
    ('Of the mug, the box and the ball, which is first from the left?', False),
])
def test_what_needs_to_know_what_is_level(text: str, needs: bool) -> None:
    intent = parse(text)
    assert intent is not None
    note = f'No TF and no horizontal plane in view: {UNKNOWN_UP}.'
    why = scaled.objection(intent, {'source': 'sensor_depth', 'notes': [], 'up': [note]})
    assert (note in why and 'TF from the camera' in why) is needs, why
    assert not scaled.objection(intent, {'source': 'sensor_depth', 'notes': [], 'up': []})


@pytest.mark.parametrize(('text', 'told'), [
    ('How high is the table above the floor?', False), ('How far is the mug from the box?', True)])
def test_a_height_is_refused_where_nothing_tells_what_is_level(
    kit: Any, text: str, told: bool,
) -> None:
    world = guessed(kit, 'sensor_depth')
    sensed = world.port

    def port(call: Any) -> ToolResult:
        result = sensed(call)
        if call.tool != 'reconstruct':
            return result
        return ToolResult({**result.values, 'notes': [f'No TF: {UNKNOWN_UP}.']}, result.arrays)

    world.port = port
    answer = kit.ask(world, text).answer
    assert (answer.value is not None) is told
    assert told or UNKNOWN_UP in answer.reason
