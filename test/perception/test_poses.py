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

"""Which way is up without TF: planes that are level, steep, or cut through."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spatialclaw_ros.perception.poses import upright_pose
from spatialclaw_ros.workspace.calls import UNKNOWN_UP

RNG = np.random.default_rng(3)


def plane(down_deg: float, away_m: float, noise_m: float = 0.002, reach: float = 0.6) -> np.ndarray:
    """Points (N, 3) of a level plane that a camera sees, which looks down on it; its own frame.

    Args:
        down_deg: how far below the horizon the middle of its picture is.
        away_m: along the middle ray.
        noise_m: along the rays.
        reach: half of the picture's width and height, for a depth of 1.
    """
    down = math.radians(down_deg)
    up = np.array([0.0, -math.cos(down), -math.sin(down)])
    x, y = np.meshgrid(np.linspace(-reach, reach, 80), np.linspace(-reach, reach, 60))
    rays = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3)
    depth = -away_m * math.sin(down) / (rays @ up)
    seen = (depth > 0.1) & (depth < 6.0)
    return (rays * (depth + RNG.normal(0.0, noise_m, len(depth)))[:, None])[seen]


def box(points: np.ndarray, size: float, tall: float) -> np.ndarray:
    """The points of a picture with a block that stands on what is seen straight down."""
    near = (np.abs(points[:, :2]) < size).all(axis=1)
    return np.concatenate([points[~near], points[near] * (1 - tall / points[near, 2:])])


@pytest.mark.parametrize(('name', 'points', 'up'), [
    ('a table, looked at from above', plane(45, 1.0), (0.0, -0.707, -0.707)),
    ('a floor, from a robot', plane(20, 2.0, reach=0.4), (0.0, -0.940, -0.342)),
    ('a noisy floor far away', plane(35, 2.5, 0.012), (0.0, -0.819, -0.574)),
    ('a table, looked at steeply', plane(60, 1.0), (0.0, -0.5, -0.866)),
    ('a table, looked straight down at', plane(85, 1.1), None),
    ('the same with a block on it', box(plane(85, 1.1), 0.2, 0.15), None),
    ('a wall', plane(90, 1.5), None),
    ('nothing', np.zeros((0, 3)), None),
])
def test_up_is_told_by_what_is_level_or_not_at_all(
    name: str, points: np.ndarray, up: tuple[float, float, float] | None,
) -> None:
    pose, note = upright_pose(points)
    assert (UNKNOWN_UP in note) is (up is None), note
    told = pose[:3, :3].T @ [0.0, 0.0, 1.0]
    off = np.linalg.norm(np.cross(told, up or (0.0, -1.0, 0.0)))
    assert off < 0.01, name
    assert up is not None or not pose[:3, 3].any()


@pytest.mark.parametrize('wall', ['upright', 'square to the axis'])
def test_a_wall_beside_a_floor_does_not_hide_it(wall: str) -> None:
    """It has more points than the floor, and leans less than 65 degrees from the picture's up."""
    down = math.radians(30)
    normal = np.array(
        (0.0, math.sin(down), -math.cos(down)) if wall == 'upright' else (0.0, 0.0, -1.0))
    across = np.array([1.0, 0.0, 0.0])
    u, v = RNG.uniform(-1, 1, (2, 9000))
    points = (np.array([0.0, 0.0, 2.4]) + np.outer(u, across)
              + np.outer(v, np.cross(normal, across)) + RNG.normal(0, 0.004, (9000, 1)) * normal)
    pose, note = upright_pose(np.concatenate([plane(30, 1.5), points]))
    assert 'largest horizontal plane' in note
    up = pose[:3, :3].T @ [0.0, 0.0, 1.0]
    assert up == pytest.approx([0.0, -0.866, -0.5], abs=0.01)


def test_a_floor_noisier_than_the_threshold_is_no_slice() -> None:
    pose, note = upright_pose(plane(40, 2.5, 0.03))
    assert 'largest horizontal plane' in note
    up = pose[:3, :3].T @ [0.0, 0.0, 1.0]
    assert up == pytest.approx([0.0, -0.766, -0.643], abs=0.02)
