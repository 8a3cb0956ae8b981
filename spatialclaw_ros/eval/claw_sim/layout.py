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



"""Where things are as cameras see them: sides, rows, what is between, bearings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.sim.worlds.world import World

APART_PX, BESIDE_M, LEAST_APART_M = 30.0, 0.06, 0.05
STEEP = 0.5
"""Level part of a look, below which it goes down more than ahead: by more than 60 degrees."""


@dataclass(frozen=True)
class Offset:
    """How one place is to another, as a view shows it.

    Args:
        left_m: how far left.
        away_m: how far beyond, or above in a picture that is taken from above.
        right_px: how far right in the picture; NaN where one of both is not in it.
        from_above: whether the camera looks down so steeply that nobody says before and behind.
    """

    left_m: float
    away_m: float
    right_px: float
    from_above: bool


def level_axes(T_world_camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Horizontal directions away from a camera and to its left, (3,) `odom`.

    A camera that looks straight down sees the top of its picture as away.
    """
    away = T_world_camera[:3, 2]
    if math.hypot(away[0], away[1]) < 0.25:
        away = -T_world_camera[:3, 1]
    away = np.array([away[0], away[1], 0.0]) / math.hypot(away[0], away[1])
    return away, np.array([-away[1], away[0], 0.0])


def offset(world: World, view: int, start: np.ndarray, end: np.ndarray) -> Offset:
    """How one place (3,) `odom` is to another, as a view shows it."""
    pose = world.T_world_view(view)
    away, left = level_axes(pose)
    at = columns(world, view, (start, end))
    return Offset(float((end - start) @ left), float((end - start) @ away),
                  float(at[1] - at[0]), math.hypot(*pose[:2, 2]) < STEEP)


def columns(world: World, view: int, places: Sequence[np.ndarray]) -> np.ndarray:
    """Columns of places (3,) `odom` in a view's picture, (N,), NaN where they are not in it."""
    camera = world.camera(world.views[view].camera).intrinsics
    pixels = world.pixels(view, np.stack(places))
    with np.errstate(invalid='ignore'):
        inside = ((pixels >= 0) & (pixels < [camera.width, camera.height])).all(axis=1)
    return np.where(inside, pixels[:, 0], np.nan)


def row(world: World, views: Sequence[int], places: Sequence[np.ndarray]) -> list[int] | None:
    """Places from left to right; None where views differ, or two are not clearly apart."""
    orders = set()
    for view in views:
        at = columns(world, view, places)
        if not np.isfinite(at).all():
            return None
        order = np.argsort(at)
        if (np.diff(at[order]) < APART_PX).any():
            return None
        orders.add(tuple(order.tolist()))
    return list(orders.pop()) if len(orders) == 1 else None


def between(
    a: np.ndarray, b: np.ndarray, others: Sequence[tuple[np.ndarray, float, bool]],
) -> tuple[list[int], bool]:
    """What stands between two places, seen from above.

    Args:
        a: (3,).
        b: (3,).
        others: middle (3,) and half a width of each other thing, metres, and whether it stands on
            what both stand on: the ball below the table is not between two cups on it.

    Returns:
        Which of the others do for sure, and whether any could be argued about.
    """
    way = (b - a)[:2]
    length = float(np.linalg.norm(way))
    if length < LEAST_APART_M:
        return [], True
    inside, unclear = [], False
    for number, (middle, half, beside_them) in enumerate(others):
        along = float((middle - a)[:2] @ way) / length
        beside = abs(float(way[0] * (middle - a)[1] - way[1] * (middle - a)[0])) / length
        if beside_them and 0.25 * length < along < 0.75 * length and (
                beside < max(0.02, 0.5 * half)):
            inside.append(number)
        elif 0 < along < length and beside < half + BESIDE_M:
            unclear = True
    return inside, unclear


def is_in_way(a: np.ndarray, b: np.ndarray, points: np.ndarray) -> bool:
    """Whether any of some points (N, 3) is between two places, or near it, seen from above."""
    way = (b - a)[:2]
    length = max(float(np.linalg.norm(way)), 1e-9)
    to = (points - a)[:, :2]
    along, beside = to @ way / length, np.abs(to @ [-way[1], way[0]]) / length
    return bool(((along > 0) & (along < length) & (beside < BESIDE_M)).any())


def bearing(T_world_frame: np.ndarray, place: np.ndarray, *, optical: bool) -> tuple[float, float]:
    """Level angle from a frame's forward axis to a place, left positive (REP 103), and how far.

    Args:
        T_world_frame: (4, 4).
        place: (3,) `odom`.
        optical: whether forward is z, as of a camera, or x.
    """
    if optical:
        away, left = level_axes(T_world_frame)
    else:
        away = T_world_frame[:3, 0] * [1, 1, 0]
        away = away / np.linalg.norm(away)
        left = np.array([-away[1], away[0], 0.0])
    to = place - T_world_frame[:3, 3]
    return math.atan2(float(to @ left), float(to @ away)), math.hypot(to[0], to[1])
