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


"""Scale or shift of each image's depth, from views whose poses TF tells: they must agree.

A point that one view places in the world lies on the surface that another view sees there. With
poses known in metres that fixes each image's depth without any sensor: projective ICP (Rusinkiewicz
and Levoy, 3DIM 2001), but what is unknown is one number for each image, a scale or a shift, and
not the poses. Both at once would be told apart by noise: with poses that move in the same unit as
depth, the scale that all share is known already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy import ndimage, optimize

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import invert
from spatialclaw_ros.perception.depth_fit import DepthFit
from spatialclaw_ros.perception.views import View

FAMILIES = ('scale', 'depth', 'inverse')

_ACROSS = 160  # width in samples
_POINT_STEP = 4
_PARTNERS = 4
_MANY = 8
_ROUNDS = 15
_TUKEY = 4.685
_MAD_TO_SIGMA = 1.4826
_LEAST_SIGMA = 0.0003
_STEEP = 0.06  # relative change of depth from sample to sample that is an edge
_FEWEST = 100
_PRIOR = 0.5  # standard deviation of the scale, and of the shift as a share of the depth
_MOST = 0.7
_NEAR = 0.06
_AGREE = 0.008
_TRUNCATED = 0.1
_SEARCHED = 0.4  # log
_WORTH = 0.85


@dataclass(frozen=True, eq=False)
class _Sampled:
    """One view on a coarse grid: its rays, its depth without specks, its pose."""

    camera: PinholeCamera
    step: int
    rays: np.ndarray
    depth: np.ndarray
    pose: np.ndarray


@dataclass(frozen=True, eq=False)
class _Residuals:
    """Of one view's points in another: log of placed / seen, its derivatives by the changes."""

    log_ratio: np.ndarray
    by_first: np.ndarray
    by_second: np.ndarray


def consistent_fits(
    views: Sequence[View], depths_m: Sequence[np.ndarray], poses: np.ndarray,
    deadline: Deadline,
) -> tuple[tuple[DepthFit, ...], float] | None:
    """Fits that make the views agree, where they do not with one scale for all.

    Args:
        views: at least two, that look at the same things from places some way apart.
        depths_m: (H, W) each, at the best common scale; NaN where unknown.
        poses: (N, 4, 4) `T_world_camera` in metres, taken as true.
        deadline: of the query.

    Returns:
        One fit for each view, of `depths_m` to metres, and the residual (robust standard deviation
        of the log of depth) that is left; None when the views agree already, or nothing is gained.
    """
    sampled = [_sample(view, depth, pose) for view, depth, pose in zip(views, depths_m, poses)]
    pairs = _pairs(poses, _PARTNERS if len(views) <= _MANY else 2)
    none = np.zeros(len(views))
    before = _spread(_all_residuals('scale', none, sampled, pairs))
    if not _AGREE < before < math.inf:
        return None
    best: tuple[float, str, np.ndarray] | None = None
    for family in FAMILIES:
        deadline.check(f'making {len(views)} views agree')
        solved = _solve(family, sampled, pairs)
        after = _spread(_all_residuals(family, solved, sampled, pairs))
        if after < _WORTH * before and (best is None or after < best[0]):
            best = after, family, solved
    if best is None:
        return None
    sigma, family, solved = best
    return tuple(
        DepthFit(family, 1.0 + float(each), sigma=sigma) if family == 'scale' else
        DepthFit(family, 1.0, float(each), sigma=sigma) for each in solved), sigma


def movement_scale(
    views: Sequence[View], depths_m: Sequence[np.ndarray], T_model_camera: np.ndarray,
    start: float, deadline: Deadline,
) -> float:
    """Metres in a unit of the cameras' movement, so that measured depth agrees between views.

    Args:
        views: at least two.
        depths_m: (H, W) each, measured; NaN where unknown.
        T_model_camera: (N, 4, 4) poses of the cameras in the model's world and unit.
        start: a guess that is right within a third.
        deadline: of the query.

    Returns:
        The scale; `start` where the views share too little.
    """
    sampled = [_sample(view, depth, pose)
               for view, depth, pose in zip(views, depths_m, T_model_camera)]
    pairs = _pairs(T_model_camera, 2)
    none = np.zeros(len(views))

    def cost(log_scale: float) -> float:
        deadline.check('finding how far the cameras moved')
        moved = []
        for each in sampled:
            pose = each.pose.copy()
            pose[:3, 3] *= start * math.exp(log_scale)
            moved.append(replace(each, pose=pose))
        found = _all_residuals('scale', none, moved, pairs)
        return float(np.minimum(np.abs(found), _TRUNCATED).mean()) if len(found) else _TRUNCATED

    tried = np.linspace(-_SEARCHED, _SEARCHED, 9)
    costs = [cost(float(each)) for each in tried]
    at = int(np.argmin(costs))
    if costs[at] >= _TRUNCATED:
        return start
    step = tried[1] - tried[0]
    found = optimize.minimize_scalar(
        cost, bounds=(tried[at] - step, tried[at] + step), method='bounded',
        options={'xatol': 1e-3, 'maxiter': 12})
    return start * math.exp(float(found.x))


def _sample(view: View, depth_m: np.ndarray, pose: np.ndarray) -> _Sampled:
    step = max(1, round(depth_m.shape[1] / _ACROSS))
    grid = np.ascontiguousarray(depth_m[::step, ::step])
    return _Sampled(
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


def _pairs(poses: np.ndarray, partners: int) -> list[tuple[int, int]]:
    """Each view with some of the others, from near to far."""
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


def _residuals(
    family: str, changes: np.ndarray, sampled: Sequence[_Sampled], pair: tuple[int, int],
) -> _Residuals | None:
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
    return _Residuals(
        log_ratio[good], (along * by_change)[good], (-by_other / seen)[good])


def _all_residuals(
    family: str, changes: np.ndarray, sampled: Sequence[_Sampled],
    pairs: Sequence[tuple[int, int]],
) -> np.ndarray:
    found = [_residuals(family, changes, sampled, pair) for pair in pairs]
    return np.concatenate([np.empty(0), *(each.log_ratio for each in found if each is not None)])


def _spread(log_ratio: np.ndarray) -> float:
    if len(log_ratio) < _FEWEST:
        return math.inf
    return max(_LEAST_SIGMA, _MAD_TO_SIGMA * float(np.median(np.abs(log_ratio))))


def _solve(
    family: str, sampled: Sequence[_Sampled], pairs: Sequence[tuple[int, int]],
) -> np.ndarray:
    """(N,) change of each view, by Gauss-Newton with Tukey's weights."""
    changes = np.zeros(len(sampled))
    typical = float(np.median([np.nanmedian(each.depth) for each in sampled]))
    unit = {'scale': 1.0, 'depth': typical, 'inverse': 1 / typical}[family]
    prior = 1 / (_PRIOR * unit)**2
    for _ in range(_ROUNDS):
        found = {pair: _residuals(family, changes, sampled, pair) for pair in pairs}
        known = {pair: each for pair, each in found.items() if each is not None}
        if not known:
            return np.zeros(len(sampled))
        sigma = _spread(np.concatenate([each.log_ratio for each in known.values()]))
        hessian = np.eye(len(sampled)) * prior
        slope = prior * changes
        for (first, second), each in known.items():
            ratio = each.log_ratio / sigma
            weight = np.square(np.clip(1 - np.square(ratio / _TUKEY), 0, None)) / sigma**2
            jacobian = np.stack([each.by_first, each.by_second])
            where = np.array([first, second])
            hessian[np.ix_(where, where)] += (jacobian * weight) @ jacobian.T
            slope[where] += jacobian @ (weight * each.log_ratio)
        step = -np.linalg.solve(hessian, slope)
        changes = np.clip(changes + step, -_MOST * unit, _MOST * unit)
        if np.abs(step).max() < 1e-4 * unit:
            break
    return changes
