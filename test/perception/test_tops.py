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


"""Tops of things and of furniture: what stands on a small table stands on it, not on the floor."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from spatialclaw_ros.perception.view import view_of

X, Y = 1.2, -2.2
GRAY, WHITE = (150, 120, 90), (230, 230, 226)
EYE, TARGET = (-0.2, -2.2, 1.5), (1.2, -2.2, 0.3)


def table(thing: type, size: tuple[float, float], height: float, y: float = Y) -> list:
    """A board on four legs."""
    legs = [thing('leg', 'box', (X + a * (size[0] / 2 - 0.03), y + b * (size[1] / 2 - 0.03), 0.0),
                  (0.04, 0.04, height - 0.03), GRAY) for a in (-1, 1) for b in (-1, 1)]
    return [thing('board', 'box', (X, y, height - 0.03), (*size, 0.03), GRAY), *legs]


def block(thing: type, size: tuple[float, float, float]) -> list:
    """A body down to the floor."""
    return [thing('block', 'box', (X, Y, 0.0), size, GRAY)]


def mug(thing: type, height: float) -> list:
    """Stands in the middle."""
    return [thing('mug', 'cylinder', (X, Y, height), (0.045, 0.10), WHITE)]


# What stands there, how high its top is, and whether things stand on it as on furniture.
TOPS = {
    'side table with a mug': (
        lambda t: [*table(t, (0.40, 0.45), 0.55), *mug(t, 0.55)], 0.55, True),
    'coffee table half outside': (
        lambda t: table(t, (0.45, 0.80), 0.45, Y - 1.0), 0.45, True),
    'coffee table': (lambda t: table(t, (0.50, 0.80), 0.45), 0.45, True),
    'suitcase': (lambda t: block(t, (0.24, 0.44, 0.62)), 0.62, False),
    'large box': (lambda t: block(t, (0.45, 0.65, 0.42)), 0.42, False),
    'stool': (lambda t: table(t, (0.38, 0.38), 0.46), 0.46, False),
}


@pytest.mark.parametrize('name', TOPS)
def test_a_top_is_a_things_or_furnitures(drawing: Callable, thing: type, name: str) -> None:
    make, height, stays = TOPS[name]
    frame = drawing(make(thing), (EYE,), TARGET, shadows=False).observation.frames[0]
    levels = [surface.height_m for surface in view_of(frame, frame.T_world_camera).surfaces]
    assert any(abs(level) < 0.02 for level in levels)
    assert any(abs(level - height) < 0.02 for level in levels) is stays


@pytest.mark.parametrize(('stands', 'height', 'stays'), [
    (lambda t: table(t, (0.50, 0.80), 0.37), 0.37, True),
    (lambda t: block(t, (0.45, 0.65, 0.33)), 0.33, False),
])
def test_a_pose_that_is_not_level_makes_no_top_higher(
    drawing: Callable, thing: type, stands: Callable, height: float, stays: bool,
) -> None:
    """The floor is seen beyond the top: there it lies higher or lower than right under it."""
    frame = drawing(
        [*stands(thing), *mug(thing, height)], ((-0.2, -2.2, 1.1),), (2.6, -2.2, 0.1),
        shadows=False).observation.frames[0]
    for degrees in (-4, 4):
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        turn = np.array([[cos, 0, sin, 0], [0, 1, 0, 0], [-sin, 0, cos, 0], [0, 0, 0, 1]])
        turn[:3, 3] = (X, Y, 0) - turn[:3, :3] @ (X, Y, 0)
        levels = [surface.height_m for surface in view_of(
            frame, turn @ frame.T_world_camera).surfaces]
        assert any(abs(level - height) < 0.05 for level in levels) is stays, (degrees, levels)
