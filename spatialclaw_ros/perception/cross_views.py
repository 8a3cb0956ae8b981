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


"""What one view places in the world, held against what another sees there.

Projective association as in projective ICP (Rusinkiewicz and Levoy, 3DIM 2001): points of a coarse
grid of one view are projected into the other, and their depth is compared with the depth seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import invert
from spatialclaw_ros.perception.views import View

_ACROSS = 160  # width in samples
_POINT_STEP = 4  # samples
_PARTNERS = 4
_MANY = 8
_MAD_TO_SIGMA = 1.4826
_LEAST_SIGMA = 0.0003
_STEEP = 0.06  # relative change of depth from sample to sample that is an edge
_FEWEST = 100
_NEAR = 0.06  # relative, of neighbours that are one surface


@dataclass(frozen=True, eq=False)
class Sampled:
    """One view on a coarse grid.

    Args:
        camera: of the whole image.
        step: pixels from one row or column of the grid to the next.
        rays: (h, w, 3) float64 with z = 1.
        depth: (h, w) float64 without specks, NaN where unknown.
        pose: (4, 4) `T_world_camera`.
    """

    camera: PinholeCamera
    step: int
    rays: np.ndarray
    depth: np.ndarray
    pose: np.ndarray


@dataclass(frozen=True, eq=False)
class Residuals:
    """Points of one view in another.

    Args:
        log_ratio: (K,) log of the depth at which a point is placed over the depth seen there.
        by_first: (K,) its derivative by the change of the view that the points are of.
        by_second: (K,) its derivative by the change of the other.
    """

    log_ratio: np.ndarray
    by_first: np.ndarray
    by_second: np.ndarray


def contradictions(
    views: Sequence[View], depths_m: Sequence[np.ndarray], poses: np.ndarray, deadline: Deadline,
) -> np.ndarray:
    """How far what each view sees is off what the best agreeing other one sees.

    Unlike a comparison of poses it tells wrong poses also of a model that was given them and gives
    them back.

    Args:
        views: N.
        depths_m: (H, W) each, metres; NaN where unknown.
        poses: (N, 4, 4) `T_world_camera`.
        deadline: of the query.

    Returns:
        (N,) median difference along the view's depth, relative; NaN for a view that shares too
        little with the others.
    """
    sampled = [sample_view(view, depth, pose) for view, depth, pose in zip(views, depths_m, poses)]
    none = np.zeros(len(views))
    least = np.full(len(views), np.nan)
    for pair in pairs_of(poses):
        deadline.check('comparing what the views see')
        found = residuals('scale', none, sampled, pair)
        if found is not None:
            away = float(np.median(np.abs(found.log_ratio)))
            for at in pair:
                least[at] = np.fmin(least[at], away)
    return least


def sample_view(view: View, depth_m: np.ndarray, pose: np.ndarray) -> Sampled:
    """A view on a coarse grid."""
    step = max(1, round(depth_m.shape[1] / _ACROSS))
    grid = np.ascontiguousarray(depth_m[::step, ::step])
    return Sampled(
        view.camera, step, view.camera.rays()[::step, ::step].astype(np.float64),
        _despeckled(grid), pose)


def _despeckled(grid: np.ndarray) -> np.ndarray:
    """Mean of those neighbours that lie near their median, over inverse depth; float64."""
    inverse = np.where(np.isfinite(grid), 1 / grid, 0).astype(np.float32)
    center = cv2.medianBlur(inverse, 5)
    for _ in range(3):  # outliers to one side move a median, too
        near = (np.abs(inverse - center) < _NEAR * center).astype(np.float32)
        count = cv2.blur(near, (5, 5))
        total = cv2.blur(inverse * near, (5, 5))
        np.divide(total, count, out=center, where=count > 0)
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.where(center > 0, 1 / center, np.nan).astype(np.float64)


def pairs_of(poses: np.ndarray) -> list[tuple[int, int]]:
    """Each view with some of the others, from near to far; with fewer when the views are many."""
    partners = _PARTNERS if len(poses) <= _MANY else 2
    away = np.linalg.norm(poses[:, None, :3, 3] - poses[None, :, :3, 3], axis=2)
    pairs = []
    for first, row in enumerate(away):
        others = [int(each) for each in np.argsort(row) if each != first]
        chosen = np.unique(np.linspace(0, len(others) - 1, partners).round().astype(int))
        pairs += [(first, others[at]) for at in chosen]
    return pairs


def _metres(family: str, change: float, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres, and their derivative by the change."""
    if family == 'scale':
        return (1 + change) * depth, depth
    if family == 'depth':
        return depth + change, np.ones_like(depth)
    metres = 1 / (1 / depth + change)
    return metres, -metres * metres


def residuals(
    family: str, changes: np.ndarray, sampled: Sequence[Sampled], pair: tuple[int, int],
) -> Residuals | None:
    """Residuals of the first view of a pair in the second; None when they share too little."""
    first, second = sampled[pair[0]], sampled[pair[1]]
    some = np.s_[::_POINT_STEP, ::_POINT_STEP]
    depth, rays = first.depth[some].ravel(), first.rays[some].reshape(-1, 3)
    usable = np.isfinite(depth) & np.isfinite(rays).all(axis=1)
    depth, rays = depth[usable], rays[usable]
    metres, by_change = _metres(family, changes[pair[0]], depth)
    relative = invert(second.pose) @ first.pose
    turned = rays @ relative[:3, :3].T
    points = turned * metres[:, None] + relative[:3, 3]
    pixels = second.camera.project(points)
    at = pixels[:, ::-1].T / second.step
    surface, change_at = _metres(family, changes[pair[1]], second.depth)
    slope_y, slope_x = np.gradient(surface)
    seen, gx, gy, by_other = (
        ndimage.map_coordinates(each, at, order=1, cval=np.nan, mode='constant')
        for each in (surface, slope_x, slope_y, change_at))
    with np.errstate(divide='ignore', invalid='ignore'):
        good = (points[:, 2] > 0) & (seen > 0) & (metres > 0)
        good &= np.hypot(gx, gy) < _STEEP * seen
        z = points[:, 2]
        log_ratio = np.log(z / seen)
        moved_x = second.camera.fx * (turned[:, 0] * z - points[:, 0] * turned[:, 2]) / z**2
        moved_y = second.camera.fy * (turned[:, 1] * z - points[:, 1] * turned[:, 2]) / z**2
        along = turned[:, 2] / z - (gx * moved_x + gy * moved_y) / second.step / seen
    good &= np.isfinite(log_ratio) & np.isfinite(along) & (np.abs(log_ratio) < 0.5)
    if good.sum() < _FEWEST:
        return None
    return Residuals(
        log_ratio[good], (along * by_change)[good], (-by_other / seen)[good])


def all_residuals(
    family: str, changes: np.ndarray, sampled: Sequence[Sampled],
    pairs: Sequence[tuple[int, int]],
) -> np.ndarray:
    """Log of placed / seen of all pairs together."""
    found = [residuals(family, changes, sampled, pair) for pair in pairs]
    return np.concatenate([np.empty(0), *(each.log_ratio for each in found if each is not None)])


def spread_of(log_ratio: np.ndarray) -> float:
    """Robust standard deviation; infinite of too few."""
    if len(log_ratio) < _FEWEST:
        return math.inf
    return max(_LEAST_SIGMA, _MAD_TO_SIGMA * float(np.median(np.abs(log_ratio))))
