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

_MIN_POINTS = 60
_NOISE_M = 0.002
_DISC = math.pi / 4  # share of its square that a disc fills
_LEAST = 0.35


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
    if len(points) > 1500:
        points = points[:: len(points) // 1000]
    if solid in ('round', 'rectangle'):
        share = _plan_share(points)
        wanted, width = (_DISC, 0.12) if solid == 'round' else (1.0, 0.28)
        return max(_LEAST, min(1.0, math.exp(-((share - wanted) / width) ** 2) * 1.15))
    span = np.ptp(points, axis=0)
    if solid == 'box' and float(span[2]) < 0.25 * float(span[:2].max()):
        return solid_score('sheet', points)  # so flat that only its outline tells
    away = {'box': _to_box(points), 'ball': _to_ball(points), 'cylinder': _to_cylinder(points)}
    best = min(away.values()) + _NOISE_M
    return float(max(_LEAST, min(1.0, best / (away[solid] + _NOISE_M))))


def _to_box(points: np.ndarray) -> float:
    """Mean distance to the nearest face (but the bottom) of the upright box round the points."""
    box = oriented_box(points, trim=1.0)
    local = (points - box.center) @ box.rotation
    half = box.size / 2
    faces = np.concatenate([
        np.abs(np.abs(local[:, :2]) - half[:2]), np.abs(local[:, 2:] - half[2])], axis=1)
    return float(faces.min(axis=1).mean())


def _to_ball(points: np.ndarray) -> float:
    """Mean distance to the sphere of least squares."""
    design = np.column_stack([2 * points, np.ones(len(points))])
    solution, *_ = np.linalg.lstsq(design, np.square(points).sum(axis=1), rcond=None)
    center = solution[:3]
    radius = math.sqrt(max(0.0, float(solution[3] + center @ center)))
    span = float(np.ptp(points, axis=0).max())
    if not 0.3 * span < radius < 1.0 * span:
        return span
    return float(np.abs(np.linalg.norm(points - center, axis=1) - radius).mean())


def _to_cylinder(points: np.ndarray) -> float:
    """Mean distance to an upright cylinder, fitted to its side; its top and inside count too."""
    low, high = np.percentile(points[:, 2], (2, 98))
    rise = high - low
    side = points[(points[:, 2] > low + 0.1 * rise) & (points[:, 2] < low + 0.7 * rise)]
    if len(side) < 20:
        return float(np.ptp(points, axis=0).max())
    design = np.column_stack([2 * side[:, :2], np.ones(len(side))])
    solution, *_ = np.linalg.lstsq(design, np.square(side[:, :2]).sum(axis=1), rcond=None)
    center = solution[:2]
    radius = math.sqrt(max(0.0, float(solution[2] + center @ center)))
    span = float(np.ptp(points[:, :2], axis=0).max())
    if not 0.25 * span < radius < 1.2 * span:
        return span
    from_axis = np.linalg.norm(points[:, :2] - center, axis=1)
    to_side = np.abs(from_axis - radius)
    to_top = np.where(from_axis < radius, np.abs(points[:, 2] - high), np.inf)
    return float(np.minimum(to_side, to_top).mean())


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
