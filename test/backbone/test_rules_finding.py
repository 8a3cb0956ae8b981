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



"""What two cameras found under one name: one thing or two, and whose points it has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

FRONT, BACK = (0.1, 0.0, 1.2), (3.1, 0.0, 1.2)


def balls(kit: Any, *centers: tuple[float, float], radius: float = 0.12) -> list[Any]:
    """Balls on the floor."""
    return [kit.solid(f'ball {number}', 'ball', (radius,), (*center, radius))
            for number, center in enumerate(centers)]


def screen(kit: Any, x: float, y: float, width: float, height: float = 0.4) -> Any:
    """A board that stands across the view of both cameras."""
    return kit.solid('screen', 'box', (0.02, width, height), (x, y, height / 2))


def seen_by_two(kit: Any, solids: list[Any]) -> Any:
    return kit.world((kit.floor, *solids), eyes=[FRONT, BACK], target=(1.6, 0.0, 0.0),
                     cameras=['front', 'back'])


@pytest.mark.parametrize(('centers', 'boards', 'count'), [
    ([(1.6, 0.0)], [], 1),  # two sides of one
    ([(1.6, 0.0)], [(1.8, 0.10, 0.24, 0.4)], 1),  # the back camera sees an edge of it
    ([(1.6, 0.0)], [(1.8, 0.0, 0.5, 0.25)], 1),  # and its top
    ([(1.6, 0.0), (1.6, 0.3)], [], 2),
    ([(1.5, 0.0), (1.9, 0.0)], [], 2),  # one behind the other
    ([(1.4, 0.0), (1.9, 0.0)], [(1.65, 0.0, 0.8, 0.5)], 2),  # each camera sees one of them
    ([(1.45, 0.0), (1.75, 0.0)], [(1.2, 0.0, 0.6, 0.22)], 2),  # hidden from one in part
])
def test_what_two_cameras_see_is_counted_once(
    kit: Any, centers: list[tuple[float, float]],
    boards: list[tuple[float, float, float, float]], count: int,
) -> None:
    world = seen_by_two(kit, [
        *balls(kit, *centers), *(screen(kit, *board) for board in boards)])
    answer = kit.ask(world, 'How many balls are there?').answer
    assert answer.value == count


@pytest.mark.parametrize(('lift_m', 'hidden'), [(0.0, False), (0.05, False), (0.05, True)])
def test_cameras_that_disagree_make_no_thing_taller(
    kit: Any, lift_m: float, hidden: bool,
) -> None:
    tall = 0.30
    box = kit.solid('box', 'box', (0.2, 0.2, tall), (1.6, 0.0, tall / 2), 0.5)
    boards = [screen(kit, 1.9, 0.2, 0.3, 0.35)] if hidden else []
    world = seen_by_two(kit, [box, *boards])
    frames = list(world.observation.frames)
    pose = frames[1].T_world_camera + np.array([[0.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, lift_m],
                                                [0, 0, 0, 0]])
    frames[1] = replace(frames[1], T_world_camera=pose)
    world = replace(world, observation=replace(world.observation, frames=tuple(frames)))
    answer = kit.ask(world, 'How tall is the box?').answer
    assert answer.value == pytest.approx(tall, abs=0.01)


@pytest.mark.parametrize(('surface', 'truth'), [('floor', True), ('table', False)])
def test_a_ball_that_rolled_stands_where_it_did(kit: Any, surface: str, truth: bool) -> None:
    # seen from above its foot does not show, and its points of two places are no ball
    rolled = [(kit.floor, kit.table, *balls(kit, (x, 0.5))) for x in (0.9, 1.05, 1.2)]
    world = kit.world(rolled, eyes=[(0.4, 0.9, 2.3)] * 3, target=(1.1, 0.5, 0.0))
    answer = kit.ask(world, f'Is the ball on the {surface}?').answer
    assert answer.value is truth, answer.reason
