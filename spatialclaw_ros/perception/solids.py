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

"""Box, cylinder or ball: how far a thing's points lie from each solid's surface."""

from __future__ import annotations

import math

import numpy as np

from spatialclaw_ros.geometry.box import oriented_box

SOLID_OF = {
    'box': 'box', 'ball': 'ball', 'cylinder': 'cylinder', 'mug': 'cylinder', 'bottle': 'cylinder',
    'bowl': 'round', 'plate': 'round', 'slab': 'box', 'sheet': 'rectangle'}
"""Which solid a shape word means; 'round' and 'rectangle' look at the ground plan alone."""

BODIES = frozenset({'box', 'ball', 'cylinder', 'mug', 'bottle', 'bowl', 'furniture'})
"""Shape words that mean something that stands off from what is behind it."""

_MIN_POINTS, _MOST_POINTS = 60, 1000
_NOISE_M = 0.002
_DISC = math.pi / 4  # share of its square that a disc fills
_LEAST = 0.35
_STRAYS = 0.05  # of the points, pixels of what is beside or behind a thing
_BALL_OFF, _BALL_OFF_M = 0.03, 0.005  # of its diameter, and metres, that a ball's points are off


def solid_score(shape: str | None, points: np.ndarray) -> float:
    """How well points fit the solid that a shape word means, against the other solids.

    Args:
        shape: a shape word's class, or None.
        points: (K, 3) world, z up; of the visible side.

    Returns:
        1 when that solid fits best, less the better another one does, at least 0.35.
    """
    solid = SOLID_OF.get(shape or '')
    if solid is None or len(points) < _MIN_POINTS:
        return 1.0
    points = points[:: 1 + len(points) // _MOST_POINTS]
    if solid in ('round', 'rectangle'):
        share = _plan_share(points)
        wanted, width = (_DISC, 0.12) if solid == 'round' else (1.0, 0.28)
        return max(_LEAST, min(1.0, math.exp(-((share - wanted) / width) ** 2) * 1.15))
    span = np.ptp(points, axis=0)
    if solid == 'box' and float(span[2]) < 0.25 * float(span[:2].max()):
        return solid_score('sheet', points)  # so flat that only its outline tells
    away = {'box': _to_box(points), 'ball': _to_ball(points), 'cylinder': _to_cylinder(points)}
    best = min(away.values()) + _NOISE_M
    if solid == 'ball':  # what fits nothing fits no ball
        best = min(best, max(_BALL_OFF * _span(points), _BALL_OFF_M) + _NOISE_M)
    return float(max(_LEAST, min(1.0, best / (away[solid] + _NOISE_M))))


def _to_box(points: np.ndarray) -> float:
    """Mean distance to the nearest face (but the bottom) of the upright box round the points."""
    box = oriented_box(points, trim=1.0)
    local = (points - box.center) @ box.rotation
    half = box.size / 2
    faces = np.concatenate([
        np.abs(np.abs(local[:, :2]) - half[:2]), np.abs(local[:, 2:] - half[2])], axis=1)
    return _mean(faces.min(axis=1))


def _to_ball(points: np.ndarray) -> float:
    """Mean distance to the sphere of least squares."""
    center, radius = _round(points)
    span = _span(points)
    if not 0.3 * span < radius < 1.0 * span:
        return span
    return _mean(np.abs(np.linalg.norm(points - center, axis=1) - radius))


def _to_cylinder(points: np.ndarray) -> float:
    """Mean distance to an upright cylinder, fitted to its side; its top and inside count too."""
    low, high = np.percentile(points[:, 2], (2, 98))
    rise = high - low
    side = points[(points[:, 2] > low + 0.1 * rise) & (points[:, 2] < low + 0.7 * rise)]
    if len(side) < 20:
        return float(np.ptp(points, axis=0).max())
    center, radius = _round(side[:, :2])
    span = _span(points[:, :2])
    if not 0.25 * span < radius < 1.2 * span:
        return span
    from_axis = np.linalg.norm(points[:, :2] - center, axis=1)
    to_side = np.abs(from_axis - radius)
    to_top = np.where(from_axis < radius, np.abs(points[:, 2] - high), np.inf)
    return _mean(np.minimum(to_side, to_top))


def _span(points: np.ndarray) -> float:
    low, high = np.percentile(points, (50 * _STRAYS, 100 - 50 * _STRAYS), axis=0)
    return float((high - low).max())


def _round(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and radius of the circle (K, 2) or sphere (K, 3) of least squares, strays left out."""
    kept = points
    for last in (False, True):
        design = np.column_stack([2 * kept, np.ones(len(kept))])
        solution, *_ = np.linalg.lstsq(design, np.square(kept).sum(axis=1), rcond=None)
        center = solution[:-1]
        radius = math.sqrt(max(0.0, float(solution[-1] + center @ center)))
        if not last:
            away = np.abs(np.linalg.norm(points - center, axis=1) - radius)
            kept = points[away <= np.quantile(away, 1 - _STRAYS)]
    return center, radius


def _mean(away: np.ndarray) -> float:
    """Mean distance but for the strays, pixels of what is beside or behind."""
    most = math.ceil((1 - _STRAYS) * len(away))
    return float(np.partition(away, most - 1)[:most].mean())


def _plan_share(points: np.ndarray) -> float:
    """Share of its upright box's ground rectangle that the hull of the points fills."""
    # Imported here: scipy.spatial.ConvexHull loads Qhull, which few prompts need.
    from scipy.spatial import ConvexHull, QhullError
    box = oriented_box(points, trim=0.5)
    local = ((points - box.center) @ box.rotation)[:, :2]
    inside = (np.abs(local) <= box.size[:2] / 2 + 1e-6).all(axis=1)
    try:
        hull = ConvexHull(local[inside])
    except (QhullError, ValueError):
        return 0.0
    return float(hull.volume / max(1e-9, box.size[0] * box.size[1]))
