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

import numpy as np

from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.sim.worlds.world import World

APART_PX, BESIDE_M = 30.0, 0.06


def level_axes(T_world_camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Horizontal directions away from a camera and to its left, (3,) `odom`.

    A camera that looks straight down sees the top of its picture as away.
    """
    away = T_world_camera[:3, 2]
    if math.hypot(away[0], away[1]) < 0.25:
        away = -T_world_camera[:3, 1]
    away = np.array([away[0], away[1], 0.0]) / math.hypot(away[0], away[1])
    return away, np.array([-away[1], away[0], 0.0])


def offset(
    T_world_camera: np.ndarray, start: np.ndarray, end: np.ndarray,
) -> tuple[float, float]:
    """How far to the left and how far away from a camera one place is of another, metres."""
    away, left = level_axes(T_world_camera)
    return float((end - start) @ left), float((end - start) @ away)


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
    a: np.ndarray, b: np.ndarray, others: Sequence[tuple[np.ndarray, float]],
) -> tuple[list[int], bool]:
    """What stands between two places, seen from above.

    Args:
        a: (3,).
        b: (3,).
        others: middle (3,) and half a width of each other thing, metres.

    Returns:
        Which of the others do for sure, and whether any could be argued about.
    """
    way = (b - a)[:2]
    length = float(np.linalg.norm(way))
    inside, unclear = [], False
    for number, (middle, half) in enumerate(others):
        along = float((middle - a)[:2] @ way) / length
        beside = abs(float(way[0] * (middle - a)[1] - way[1] * (middle - a)[0])) / length
        if 0.25 * length < along < 0.75 * length and beside < max(0.02, 0.5 * half):
            inside.append(number)
        elif 0 < along < length and beside < half + BESIDE_M:
            unclear = True
    return inside, unclear


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


def in_frame(T_world_frame: np.ndarray, place: np.ndarray) -> np.ndarray:
    """A place (3,) `odom` in another frame."""
    return np.asarray(transform_points(invert(T_world_frame), place))
