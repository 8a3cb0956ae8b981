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


"""The similarity (rotation, translation, scale) between two sets of poses of the same cameras.

Umeyama's method (TPAMI 1991) takes centres alone, and is undetermined for one or two cameras and
for cameras on one line. Here orientations count too, so that one camera gives the rotation, and
two, or a line of them, give all. Poses that are wrong are outvoted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

INLIER_M = 0.03
INLIER_SHARE = 0.03
INLIER_RAD = math.radians(3.0)

_SIGMA_RAD = math.radians(1.0)
_SIGMA_M = 0.01
_REFITS = 6
_SHORT = 0.1  # a pair closer than this share of the widest one says little about scale


@dataclass(frozen=True, eq=False)
class Similarity:
    """`p_target = scale * rotation @ p_source + translation`, and how well it holds.

    Args:
        rotation: (3, 3).
        translation: (3,) in the target's unit.
        scale: target units in a source unit; NaN when the poses don't tell.
        inliers: (N,) bool, poses that agree with it.
        residual_m: (N,) distance between the centres, target's unit.
        residual_rad: (N,) angle between the orientations.
        spread_m: greatest distance between two inlying centres in the target.
    """

    rotation: np.ndarray
    translation: np.ndarray
    scale: float
    inliers: np.ndarray
    residual_m: np.ndarray
    residual_rad: np.ndarray
    spread_m: float

    def pose(self, T_source_camera: np.ndarray) -> np.ndarray:
        """Poses (..., 4, 4) of cameras in the target, from theirs in the source."""
        source = np.asarray(T_source_camera, dtype=np.float64)
        target = np.zeros_like(source)
        target[..., :3, :3] = self.rotation @ source[..., :3, :3]
        target[..., :3, 3] = self.scale * (source[..., :3, 3] @ self.rotation.T) + self.translation
        target[..., 3, 3] = 1.0
        return target


def align_poses(
    T_source_camera: np.ndarray, T_target_camera: np.ndarray, scale: float | None = None,
) -> Similarity:
    """Similarity that takes one set of camera poses onto another.

    Every pair of cameras is a hypothesis (rotation of the first, scale of the line between them);
    the one with the least truncated residuals is refitted to the poses that agree with it, by
    Procrustes over their axes and centres together, each weighed by its noise.

    Args:
        T_source_camera: (N, 4, 4) rigid, N from 1 to some hundred.
        T_target_camera: (N, 4, 4) rigid, metres.
        scale: when it is known already.

    Returns:
        The similarity. Its scale is NaN when none is given and the source's cameras stand in one
        place; translation then takes the first inlier onto its target.

    Raises:
        ValueError: the shapes differ or are not (N, 4, 4).
    """
    source = np.asarray(T_source_camera, dtype=np.float64)
    target = np.asarray(T_target_camera, dtype=np.float64)
    if source.shape != target.shape or source.shape[1:] != (4, 4) or not len(source):
        raise ValueError(
            f'poses must be (N, 4, 4) twice, N >= 1, got {source.shape} and {target.shape}')
    turns = target[:, :3, :3] @ np.swapaxes(source[:, :3, :3], 1, 2)
    a, b = source[:, :3, 3], target[:, :3, 3]
    limit_m = INLIER_M + INLIER_SHARE * _widest(b)
    best: tuple[float, Similarity] | None = None
    for first, rotation in enumerate(turns):
        for factor in _scales(first, rotation, a, b, scale):
            moved = factor if math.isfinite(factor) else 0.0
            found = _judged(
                rotation, b[first] - moved * (rotation @ a[first]), factor, turns, a, b, limit_m)
            cost = _cost(found, limit_m)
            if best is None or cost < best[0] - 1e-9:
                best = cost, found
    assert best is not None
    result = best[1]
    for _ in range(_REFITS):
        refit = _refitted(result, turns, a, b, limit_m, scale)
        if refit.inliers.sum() < result.inliers.sum():
            break
        result = refit
    return result


def rotation_angles(rotations: np.ndarray) -> np.ndarray:
    """Angles (N,) of rotation matrices (N, 3, 3), radians; exact for small ones too."""
    chord = np.linalg.norm(rotations - np.eye(3), axis=(-2, -1)) / math.sqrt(8.0)
    return np.asarray(2 * np.arcsin(np.clip(chord, 0, 1)))


def _scales(
    first: int, rotation: np.ndarray, a: np.ndarray, b: np.ndarray, scale: float | None,
) -> list[float]:
    """Scales that the pairs with one camera propose."""
    if scale is not None:
        return [scale]
    line_a = (a - a[first]) @ rotation.T
    squared = np.square(line_a).sum(axis=1)
    long = squared > max((_SHORT * _widest(a))**2, 1e-18)
    if not long.any():
        return [math.nan]
    factors = (line_a * (b - b[first])).sum(axis=1)[long] / squared[long]
    return [float(each) for each in factors if each > 0] or [math.nan]


def _judged(
    rotation: np.ndarray, translation: np.ndarray, scale: float, turns: np.ndarray,
    a: np.ndarray, b: np.ndarray, limit_m: float,
) -> Similarity:
    moved = scale if math.isfinite(scale) else 0.0
    away_m = np.linalg.norm(moved * (a @ rotation.T) + translation - b, axis=1)
    away_rad = rotation_angles(rotation.T @ turns)
    inliers = (away_m < limit_m) & (away_rad < INLIER_RAD)
    return Similarity(
        rotation, translation, scale, inliers, away_m, away_rad,
        _widest(b[inliers]) if inliers.any() else 0.0)


def _cost(found: Similarity, limit_m: float) -> float:
    worst = np.maximum(found.residual_m / limit_m, found.residual_rad / INLIER_RAD)
    return float(np.square(np.minimum(worst, 1.0)).sum())


def _refitted(
    found: Similarity, turns: np.ndarray, a: np.ndarray, b: np.ndarray, limit_m: float,
    known: float | None,
) -> Similarity:
    inside = found.inliers
    if not inside.any():
        return found
    away_a, away_b = a[inside] - a[inside].mean(axis=0), b[inside] - b[inside].mean(axis=0)
    moved = found.scale if math.isfinite(found.scale) else 0.0
    # each orientation is worth three unit vectors, each centre its lever arm
    cross = turns[inside].sum(axis=0) / _SIGMA_RAD**2
    cross = cross + moved * (away_b.T @ away_a) / _SIGMA_M**2
    left, _, right = np.linalg.svd(cross)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ flip @ right
    scale = found.scale
    squared = float(np.square(away_a).sum())
    if known is None and math.isfinite(scale) and squared > 0:
        factor = float((away_b * (away_a @ rotation.T)).sum()) / squared
        scale = factor if factor > 0 else scale
    moved = scale if math.isfinite(scale) else 0.0
    translation = (b[inside] - moved * (a[inside] @ rotation.T)).mean(axis=0)
    return _judged(rotation, translation, scale, turns, a, b, limit_m)


def _widest(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[:, None] - points[None], axis=2).max())
