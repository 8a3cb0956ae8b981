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

"""Every family's cells, run in the real cell scope over scenes whose true answers are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from spatialclaw_ros.backbone.rules import cells
from spatialclaw_ros.backbone.rules.bind import bind
from spatialclaw_ros.backbone.rules.parse import parse
from spatialclaw_ros.backbone.rules.plan import FAMILIES
from spatialclaw_ros.kernel.gate import MAX_CELL_CHARS
from spatialclaw_ros.workspace.question import AnswerType, Question

TOLERANCE_M = 0.01


def rim(center: tuple[float, float], radius: float, other: tuple[float, float]) -> float:
    """Distance from a circle to a point of the plane."""
    return math.dist(center, other) - radius


def box_gap(box: Any, point: tuple[float, float]) -> float:
    """Distance from a turned box, seen from above, to a point of the plane."""
    cos, sin = math.cos(box.yaw_rad), math.sin(box.yaw_rad)
    x, y = point[0] - box.center[0], point[1] - box.center[1]
    local = abs(cos * x + sin * y) - box.size[0] / 2, abs(-sin * x + cos * y) - box.size[1] / 2
    return math.hypot(max(local[0], 0), max(local[1], 0))


def numbers(kit: Any) -> list[tuple[str, float, str]]:
    """Questions with their true values and units."""
    mug, box, ball, top = kit.mug, kit.box, kit.ball, kit.table_top_m
    mug_xy, ball_xy = mug.center[:2], ball.center[:2]
    eye = np.array([0.25, 0.25, 1.55])
    gripper = np.array([0.6, 0.1, 1.0])
    # mug's upright surface against the box's: seen from above
    mug_box = box_gap(box, mug_xy) - 0.04
    mug_ball = math.dist(mug_xy, ball_xy) - 0.04 - 0.05
    near_edge = 0.8
    return [
        ('How far is the mug from the box?', mug_box, 'm'),
        ('What is the gap between the ball and the mug?', mug_ball, 'm'),
        ('What is the horizontal distance between the mug and the box?', mug_box, 'm'),
        ('How far is the ball from the camera?', math.dist(eye, ball.center) - 0.05, 'm'),
        ('How far is the ball from the gripper?', math.dist(gripper, ball.center) - 0.05, 'm'),
        ('How far is the centre of the ball from the gripper?',
         math.dist(gripper, ball.center), 'm'),
        ('How far is the ball from base_link?', math.dist((0, 0, 0), ball.center) - 0.05, 'm'),
        ('How far apart are the centres of the mug and the box?',
         math.dist(mug.center, box.center), 'm'),
        ('How far is the mug from the edge of the table?', mug_xy[0] - 0.04 - near_edge, 'm'),
        ("How far is the ball from the table's edge?", ball_xy[0] - 0.05 - near_edge, 'm'),
        ('How tall is the mug?', 0.10, 'm'),
        ('How long is the box?', 0.16, 'm'),
        ('How wide is the box?', 0.10, 'm'),
        ('How thick is the box?', 0.10, 'm'),
        ('What is the diameter of the ball?', 0.10, 'm'),
        ('What is the radius of the mug?', 0.04, 'm'),
        ('How high is the table top above the floor?', top, 'm'),
        ('How high above the table is the ball?', 0.0, 'm'),
        ('How high is the top of the mug above the table?', 0.10, 'm'),
        ('How high is the ball above the floor?', top, 'm'),
        ('How many blocks are on the table?', 3, ''),
        ('How many bananas are there?', 0, ''),
        ('What is the bearing of the ball from the robot?', math.atan2(-0.02, 1.02), 'rad'),
        ('How far did the camera move?', 0.5, 'm'),
        ('How far did the ball move?', 0.0, 'm'),
        ('What is the vertical distance between the table and the floor?', 0.68, 'm'),
    ]


def test_numbers(kit: Any, tabletop: Any) -> None:
    wrong = []
    for text, truth, unit in numbers(kit):
        outcome = kit.ask(tabletop, text)
        answer = outcome.answer
        if answer.value is None or abs(answer.value - truth) > TOLERANCE_M or (
                (answer.unit or '') != unit):
            wrong.append(f'{text} {answer.value} {answer.unit}, truth {truth} {answer.reason}')
        elif not unit:
            assert answer.value == truth
        else:
            assert math.isfinite(answer.sigma)
            assert answer.sigma < 0.03
            assert answer.points is not None
            assert 2 <= len(outcome.turns) <= 3
    assert not wrong, '\n'.join(wrong)


def test_distance_shows_its_two_points(kit: Any, tabletop: Any) -> None:
    answer = kit.ask(tabletop, 'How far is the mug from the ball?').answer
    assert answer.points.shape == (2, 3)
    assert np.linalg.norm(answer.points[0] - answer.points[1]) == pytest.approx(
        answer.value, abs=1e-6)
    assert math.dist(answer.points[1], kit.ball.center) == pytest.approx(0.05, abs=0.003)


VERDICTS = [
    ('Is there a mug on the table?', True),
    ('Is there a banana?', False),
    ('Is the mug taller than the box?', False),
    ('Is the box larger than the mug?', True),
    ('Is the ball closer to the mug than the box?', True),
    ('Is the box farther from the camera than the ball?', True),
    ('Is the gap between the mug and the box wider than 10 cm?', True),
    ('Is the mug within 20 cm of the box?', False),
    ('Is the mug taller than 15 cm?', False),
    ('Is the table higher than 50 cm?', True),
    ('Are there more than two blocks on the table?', True),
    ('Is the mug left of the box?', True),
    ('Is the mug right of the box?', False),
    ('Is the box behind the ball?', True),
    ('From the robot\'s view, is the ball in front of the box?', True),
    ('As seen from the gripper, is the mug to the left of the box?', True),
    ('Is the ball on the table?', True),
    ('Is the ball on the floor?', False),
    ('Is the table above the floor?', True),
    ('Is the floor below the ball?', True),
    ('Is the mug in the box?', False),
    ('Is the camera facing the mug?', True),
    ('Is the robot facing the table?', True),
    ('Did the mug move?', False),
]


def test_verdicts(kit: Any, tabletop: Any) -> None:
    wrong = []
    for text, truth in VERDICTS:
        answer = kit.ask(tabletop, text).answer
        if answer.value is not truth:
            wrong.append(f'{text} {answer.value}, truth {truth} {answer.reason}')
    assert not wrong, '\n'.join(wrong)


NAMES = [
    ('Which is closer to the mug: the box or the ball?', 'ball'),
    ('Which is taller, the mug or the box?', 'box'),
    ('Which is farther from the camera: the mug, the box or the ball?', 'box'),
    ('Which object is closest to the mug?', 'green object'),
    ('Which object is closest to the box?', 'green object'),
    ('What is the tallest object?', 'blue object'),
    ('Which block is nearest to the box?', 'red block'),
    ('Is the mug to the left or right of the box?', 'left'),
    ('Is the box in front of or behind the ball?', 'behind'),
    ('What is right of the ball?', 'blue object'),
    ('Which is the leftmost: the mug, the box or the ball?', 'mug'),
]


def test_names(kit: Any, tabletop: Any) -> None:
    wrong = []
    for text, truth in NAMES:
        answer = kit.ask(tabletop, text).answer
        if answer.value != truth:
            wrong.append(f'{text} {answer.value}, truth {truth} {answer.reason}')
    assert not wrong, '\n'.join(wrong)


POINTS = [
    ('Where is the ball?', None, (1.02, -0.02, 0.77)),
    ('Where is the mug relative to the robot?', 'base_link', (1.10, 0.25, 0.77)),
    ('What is the position of the ball in base_link?', 'base_link', (1.02, -0.02, 0.77)),
]


@pytest.mark.parametrize(('text', 'frame', 'truth'), POINTS)
def test_points(
    kit: Any, tabletop: Any, text: str, frame: str | None, truth: tuple[float, float, float],
) -> None:
    answer = kit.ask(tabletop, text, AnswerType.POINT).answer
    assert answer.frame == frame
    assert answer.value == pytest.approx(truth, abs=TOLERANCE_M)


@pytest.mark.parametrize(('source', 'frame'), [
    ('gripper', 'gripper_link'), ('camera', 'front_optical')])
def test_point_in_a_frame_maps_back_to_the_world(
    kit: Any, tabletop: Any, source: str, frame: str,
) -> None:
    answer = kit.ask(tabletop, f'Where is the ball relative to the {source}?').answer
    assert answer.frame == frame
    observation = tabletop.observation
    T = observation.transforms[frame][-1] if frame in observation.transforms else (
        observation.frames[-1].T_world_camera)
    assert T[:3, :3] @ answer.value + T[:3, 3] == pytest.approx(
        kit.ball.center, abs=TOLERANCE_M)


def test_position_relative_to_an_object_is_told_in_words(kit: Any, tabletop: Any) -> None:
    answer = kit.ask(tabletop, 'Where is the mug relative to the box?').answer
    assert 'to the left' in answer.value
    assert 'nearer' in answer.value


def test_size_in_words_and_as_a_number(kit: Any, tabletop: Any) -> None:
    text = kit.ask(tabletop, 'How big is the box?').answer.value
    sizes = [float(part.split()[0]) for part in text.split(', ')]
    assert sizes == pytest.approx([0.16, 0.10, 0.12], abs=TOLERANCE_M)
    answer = kit.ask(tabletop, 'How big is the box?', AnswerType.NUMBER).answer
    assert answer.value == pytest.approx(0.16, abs=TOLERANCE_M)


CHOICES = [
    ('Which is closer to the mug?', ('the box', 'the ball'), 'the ball'),
    ('Which is closer to the mug: the box or the ball?', ('Box', 'Ball'), 'Ball'),
    ('What is left of the box?', ('the mug', 'block 2'), 'the mug'),
    ('Is the mug left of the box?', ('Yes, it is', 'No, it is not'), 'Yes, it is'),
    ('Is the mug to the left or right of the box?', ('left', 'right'), 'left'),
    ('How tall is the mug?', ('5 cm', '10 cm', '0.3 m'), '10 cm'),
    ('How many blocks are on the table?', ('1', '2', '3', '4'), '3'),
    ('Which side of the box is the mug on?', ('right', 'left'), 'left'),
]


@pytest.mark.parametrize(('text', 'choices', 'truth'), CHOICES)
def test_choices(
    kit: Any, tabletop: Any, text: str, choices: tuple[str, ...], truth: str,
) -> None:
    answer = kit.ask(tabletop, text, AnswerType.CHOICE, choices).answer
    assert answer.value == truth, answer.reason


@pytest.mark.parametrize(('text', 'answer_type', 'check'), [
    ('How tall is the mug?', AnswerType.TEXT, '0.1'),
    ('Is the mug left of the box?', AnswerType.TEXT, 'yes'),
    ('Where is the ball?', AnswerType.TEXT, 'm in the world'),
])
def test_text_answers(
    kit: Any, tabletop: Any, text: str, answer_type: AnswerType, check: str,
) -> None:
    value = kit.ask(tabletop, text, answer_type).answer.value
    assert isinstance(value, str)
    assert check in value or abs(float(value.split()[0]) - 0.1) < TOLERANCE_M


def test_facing_as_a_number_is_the_bearing(kit: Any, tabletop: Any) -> None:
    answer = kit.ask(tabletop, 'Is the robot facing the ball?', AnswerType.NUMBER).answer
    assert answer.unit == 'rad'
    assert answer.value == pytest.approx(math.atan2(-0.02, 1.02), abs=0.01)


def rolling(kit: Any) -> Any:
    """A ball that rolls 0.3 m to the right in the picture, seen from one place at 10 Hz."""
    scenes = [
        (kit.floor, kit.table, kit.mug,
         kit.solid('ball', 'ball', (0.05,), (1.1, 0.1 - 0.1 * step, 0.77)))
        for step in range(4)]
    return kit.world(scenes, eyes=[(0.2, 0.0, 1.6)] * 4)


@pytest.mark.parametrize(('text', 'truth'), [
    ('How far did the ball move?', 0.3), ('Did the ball move?', True), ('Did the mug move?', False),
    ('In which direction did the ball move?', 'right'), ('How fast is the ball moving?', 1.0),
    ('How far did the camera move?', 0.0),
])
def test_motion(kit: Any, text: str, truth: float | bool | str) -> None:
    answer = kit.ask(rolling(kit), text).answer
    if isinstance(truth, float):
        assert answer.value == pytest.approx(truth, abs=TOLERANCE_M), answer.reason
    else:
        assert answer.value == truth, answer.reason
    if 'fast' in text:
        assert answer.unit == 'm/s'


def test_camera_turn(kit: Any) -> None:
    world = kit.world(eyes=[(0.2, 0.0, 1.6), (0.2, 0.3, 1.6)])
    frames = world.observation.frames
    R = frames[0].T_world_camera[:3, :3].T @ frames[1].T_world_camera[:3, :3]
    answer = kit.ask(world, 'How much did the camera turn?').answer
    assert answer.value == pytest.approx(math.acos((np.trace(R) - 1) / 2), abs=1e-6)
    assert answer.unit == 'rad'


def test_two_cameras_see_one_mug(kit: Any) -> None:
    world = kit.world(
        eyes=[(0.25, -0.3, 1.55), (0.3, 0.5, 1.5), (0.25, -0.2, 1.55), (0.3, 0.45, 1.5)],
        cameras=['front', 'side', 'front', 'side'])
    assert kit.ask(world, 'How many mugs are there?').answer.value == 1
    answer = kit.ask(world, 'How far is the mug from the ball?').answer
    assert answer.value == pytest.approx(
        math.dist(kit.mug.center[:2], kit.ball.center[:2]) - 0.09, abs=TOLERANCE_M)
    by_name = kit.ask(world, 'How far is the ball from the side camera?').answer
    assert by_name.value == pytest.approx(
        math.dist((0.3, 0.45, 1.5), kit.ball.center) - 0.05, abs=TOLERANCE_M)


def test_frames_with_wrong_poses_are_told_apart_by_sigma(kit: Any) -> None:
    exact = kit.world()
    frames = list(exact.observation.frames)
    pose = frames[0].T_world_camera.copy()
    pose[:3, 3] += (0.0, 0.06, 0.0)
    object.__setattr__(frames[0], 'T_world_camera', pose)
    answer = kit.ask(exact, 'What is the gap between the ball and the mug?').answer
    truth = math.dist(kit.mug.center[:2], kit.ball.center[:2]) - 0.09
    assert answer.value == pytest.approx(truth, abs=TOLERANCE_M)


@pytest.mark.parametrize('text', [
    *(example for _, example in FAMILIES), 'What is left of the box?', 'Is the mug on the box?',
    'Which object is closest to the box?',
])
def test_cells_are_short_enough_to_be_run(text: str) -> None:
    intent = parse(text)
    assert intent is not None
    task = bind(intent, Question(text), {
        'cameras': ['front', 'back'], 'tf_frames': ['gripper_link'], 'base_frame': 'base_link'})
    labels = tuple((f'a thing with a long name {number}', 'thing') for number in range(6))
    code = [cells.code_of(cells.measure(
        task, tuple((label, 0) for label, _ in labels), best_frame=True, why='')),
        cells.code_of(cells.look(
            task, labels, single=True, alone=True, again=False, why='', depth=True))]
    assert max(map(len, code)) < MAX_CELL_CHARS
