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

"""The points of an answer belong to the value that is told: also where poses are off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

NEAR_M = 0.002  # by which single frames of a world without noise disagree on one length
LEVEL, UPRIGHT, ALL = np.array([1, 1, 0]), np.array([0, 0, 1]), np.ones(3)
POSES = {
    'exact': ((0.0, 0.0, 0.0),) * 3,
    'aside': ((0.0, 0.02, 0.0), (0.0, 0.0, 0.0), (0.0, -0.02, 0.0)),
    'in height': ((0.0, 0.0, 0.02), (0.0, 0.0, 0.0), (0.0, 0.0, -0.01)),
}


def placed(kit: Any, poses: str) -> Any:
    """The standard scene, each frame of which TF has somewhere else by so much."""
    world = kit.world()
    for frame, off in zip(world.observation.frames, POSES[poses]):
        pose = frame.T_world_camera.copy()
        pose[:3, 3] += off
        object.__setattr__(frame, 'T_world_camera', pose)
    return world


@pytest.fixture(scope='module', params=POSES)
def world(kit: Any, request: pytest.FixtureRequest) -> Any:
    """Return the standard scene, with poses that are off or not."""
    return placed(kit, request.param)


@pytest.mark.parametrize(('text', 'ways'), [
    ('How far is the mug from the box?', ALL),
    ('What is the gap between the ball and the mug?', ALL),
    ('What is the horizontal distance between the mug and the box?', LEVEL),
    ('How far apart are the centres of the mug and the box?', ALL),
    ('How far is the mug from the edge of the table?', ALL),
    ('What is the vertical distance between the table and the floor?', UPRIGHT),
    ('What is the vertical distance between the floor and the table?', UPRIGHT),
    ('What is the vertical distance between the box and the gripper?', UPRIGHT),
    ('How tall is the mug?', ALL),
    ('How tall is the box?', ALL),
    ('How high is the table top above the floor?', ALL),
    ('How high is the top of the mug above the table?', ALL),
])
def test_two_points_are_as_far_apart_as_is_told(
    kit: Any, world: Any, text: str, ways: np.ndarray,
) -> None:
    answer = kit.ask(world, text).answer
    assert answer.points.shape == (2, 3)
    apart = np.linalg.norm((answer.points[0] - answer.points[1]) * ways)
    assert apart == pytest.approx(answer.value, abs=NEAR_M)


@pytest.mark.parametrize(('text', 'times'), [
    ('How long is the box?', 1), ('How wide is the box?', 1), ('How thick is the box?', 1),
    ('What is the diameter of the ball?', 1), ('What is the radius of the ball?', 2),
    ('What is the diameter of the mug?', 1), ('How tall is the ball?', 1),
])
def test_a_side_of_the_box_that_is_shown_is_what_is_told(
    kit: Any, world: Any, text: str, times: int,
) -> None:
    answer = kit.ask(world, text).answer
    assert answer.points.shape == (8, 3)
    sides = np.linalg.norm(answer.points[1:] - answer.points[0], axis=1)
    assert np.abs(sides - times * answer.value).min() < NEAR_M


def test_a_size_in_words_shows_the_box_of_its_three_sides(kit: Any, world: Any) -> None:
    answer = kit.ask(world, 'How big is the box?').answer
    told = [float(part.split()[0]) for part in answer.value.split(', ')]
    sides = np.linalg.norm(answer.points[1:] - answer.points[0], axis=1)
    for side in told:
        assert np.abs(sides - side).min() < 0.001  # as it is rounded


def test_the_box_of_a_ball_goes_round_its_hidden_side_too(kit: Any, tabletop: Any) -> None:
    points = kit.ask(tabletop, 'What is the diameter of the ball?').answer.points
    assert points.mean(axis=0) == pytest.approx(kit.ball.center, abs=NEAR_M)


@pytest.mark.parametrize('text', [
    'What is the vertical distance between the mug and the box?',
    'What is the vertical distance between the box and the mug?',
])
def test_things_at_one_height_are_shown_at_one_that_both_have(
    kit: Any, tabletop: Any, text: str,
) -> None:
    answer = kit.ask(tabletop, text).answer
    assert answer.value == 0
    first, second = answer.points[:, 2]
    assert first == second
    assert kit.table_top_m < first < kit.mug.center[2] + kit.mug.size[1] / 2
