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
poses known in metres that fixes each image's depth without any sensor. It is projective ICP, but
what is unknown is one number for each image, a scale or a shift, and not the poses. Scale and shift
at once would be told apart by noise alone; and as the model's poses move in the same unit as its
depth, the scale that all images share is known already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import optimize

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.cross_views import (
    Sampled,
    all_residuals,
    pairs_of,
    residuals,
    sample_view,
    spread_of,
)
from spatialclaw_ros.perception.depth_fit import FAMILIES, DepthFit
from spatialclaw_ros.perception.views import View

_ROUNDS = 15
_TUKEY = 4.685
_PRIOR = 0.5  # standard deviation of the scale, and of the shift as a share of the depth
_MOST = 0.7  # greatest change, likewise
_AGREE = 0.008  # of the log of depth: nothing is to be gained below
_TRUNCATED = 0.1  # log
_SEARCHED = 0.4  # log
_WORTH = 0.85  # of the spread, that a change must bring it below


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
    sampled = [sample_view(view, depth, pose) for view, depth, pose in zip(views, depths_m, poses)]
    pairs = pairs_of(poses)
    none = np.zeros(len(views))
    before = spread_of(all_residuals('scale', none, sampled, pairs))
    if not _AGREE < before < math.inf:
        return None
    best: tuple[float, str, np.ndarray] | None = None
    for family in FAMILIES:
        deadline.check(f'making {len(views)} views agree')
        solved = _solve(family, sampled, pairs)
        after = spread_of(all_residuals(family, solved, sampled, pairs))
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
    sampled = [sample_view(view, depth, pose)
               for view, depth, pose in zip(views, depths_m, T_model_camera)]
    pairs = pairs_of(T_model_camera)
    none = np.zeros(len(views))

    def cost(log_scale: float) -> float:
        deadline.check('finding how far the cameras moved')
        moved = []
        for each in sampled:
            pose = each.pose.copy()
            pose[:3, 3] *= start * math.exp(log_scale)
            moved.append(replace(each, pose=pose))
        found = all_residuals('scale', none, moved, pairs)
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


def _solve(
    family: str, sampled: Sequence[Sampled], pairs: Sequence[tuple[int, int]],
) -> np.ndarray:
    """(N,) change of each view, by Gauss-Newton with Tukey's weights."""
    changes = np.zeros(len(sampled))
    typical = float(np.median([np.nanmedian(each.depth) for each in sampled]))
    unit = {'scale': 1.0, 'depth': typical, 'inverse': 1 / typical}[family]
    prior = 1 / (_PRIOR * unit)**2
    for _ in range(_ROUNDS):
        found = {pair: residuals(family, changes, sampled, pair) for pair in pairs}
        known = {pair: each for pair, each in found.items() if each is not None}
        if not known:
            return np.zeros(len(sampled))
        sigma = spread_of(np.concatenate([each.log_ratio for each in known.values()]))
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
