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


"""Sections of things: an arc, a corner, or neither."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spatialclaw_ros.perception.sections import outermost, roundness, section

HALF = 0.04


def arc(across: np.ndarray) -> np.ndarray:
    """The near side of a mug of 80 mm."""
    return -np.sqrt(np.maximum(HALF ** 2 - across ** 2, 0))


def corner(degrees: float):
    """The near sides of a cube turned by some degrees."""
    turn = math.radians(degrees)
    return lambda across: np.where(across < 0, -math.tan(turn) * across, across / math.tan(turn))


def flat(across: np.ndarray) -> np.ndarray:
    """The front of a cube that is seen straight on."""
    return np.zeros_like(across)


def handled(across: np.ndarray) -> np.ndarray:
    """A mug of 62 mm whose handle is the rest of the width."""
    middle, radius = -0.009, 0.031
    body = -np.sqrt(np.maximum(radius ** 2 - (across - middle) ** 2, 0))
    return np.where(across > 0.024, 0.0, body)


def stairs(across: np.ndarray) -> np.ndarray:
    """Neither round nor angular."""
    return 0.03 * (np.floor(across / 0.012) % 2)


@pytest.mark.parametrize(('form', 'sigma_m', 'least', 'most'), [
    (arc, 0.002, 8, 15), (handled, 0.002, 2, 15), (corner(45), 0.002, -15, -8),
    (corner(20), 0.002, -15, -8), (flat, 0.002, -15, -8), (stairs, 0.001, 0, 0),
    (arc, 0.05, -2, 2), (corner(45), 0.05, -2, 2),  # noise as large as the thing tells nothing
])
def test_a_section_is_an_arc_or_a_corner(form, sigma_m: float, least: float, most: float) -> None:
    random = np.random.default_rng(5)
    across = random.uniform(-HALF, HALF, 1500)
    along = form(across) + random.normal(0, sigma_m, across.shape)
    profile = section(across, along, sigma_m, (-HALF, HALF))
    assert least <= roundness(profile) <= most


@pytest.mark.parametrize(('outline', 'least', 'most'), [
    (lambda turn: (np.cos(turn), np.sin(turn)), 8, 15),
    (lambda turn: [np.clip(1.5 * each(turn), -1, 1) for each in (np.cos, np.sin)], -15, -8),
])
def test_an_outline_is_round_or_angular(outline, least: float, most: float) -> None:
    x, y = (0.1 * each for each in outline(np.linspace(0, 2 * math.pi, 400)))
    assert least <= roundness(outermost(x, y, 0.002)) <= most


def test_too_few_points_tell_nothing() -> None:
    few = np.linspace(-HALF, HALF, 20)
    assert section(few, arc(few), 0.002, (-HALF, HALF)) is None
    assert outermost(few[:5], few[:5], 0.002) is None
    assert roundness(None) == 0.0


@pytest.mark.parametrize(('radius', 'sign'), [(HALF, 1), (None, -1)])
def test_an_upright_section_is_a_balls_or_not(radius: float | None, sign: int) -> None:
    """Seen from 35 degrees above: a ball's section is an arc, a can's a wall and a lid."""
    rise = math.radians(35)
    over = np.random.default_rng(6).uniform(-0.03, 0.03, 1500)
    along = arc(over) if radius else np.where(
        over < 0, -math.tan(rise) * over, over / math.tan(rise))
    profile = section(over, along, 0.001, (-HALF, HALF), trim=0.0)
    assert sign * roundness(profile, rise, 0.3) > 6
