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


"""Where metres come from: sensor depth, else the cameras' movement by TF, else a metric model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.geometry.se3 import invert
from spatialclaw_ros.geometry.similarity import Similarity, align_poses
from spatialclaw_ros.perception.consistency import consistent_fits, movement_scale
from spatialclaw_ros.perception.depth_fit import DepthFit, fit_depth, judge_scale
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.views import View
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE

MIN_BASELINE_M = 0.05
"""Cameras closer together than this tell no scale: TF itself is in error by some of it."""

_LEAST_INLIERS = 0.4
_GROSS_RESIDUAL = 0.10
_SURE_SPREAD = 0.02
_TRUST_AT = 0.05  # relative error that halves the trust
_MODEL_TRUST = {True: 0.5, False: 0.3}


@dataclass(frozen=True, eq=False)
class Scale:
    """How a prediction becomes metres.

    Args:
        metres_per_unit: of the model's world; what its camera centres are multiplied by.
        source: 'sensor_depth', 'tf_baseline', 'model' or `UNKNOWN_SCALE`.
        fits: for each view, the map from its depth to metres.
        trust: for each view, (0, 1], what the fit's residual leaves of the model's confidence.
        sigma: for each view, relative standard deviation of its depth in metres; NaN unknown.
        notes: sentences with the numbers.
        is_common: whether one scale holds for depth and camera centres of all views.
    """

    metres_per_unit: float
    source: str
    fits: tuple[DepthFit, ...]
    trust: tuple[float, ...]
    sigma: tuple[float, ...]
    notes: tuple[str, ...]
    is_common: bool = True


def find_scale(views: Sequence[View], prediction: Prediction, deadline: Deadline) -> Scale:
    """Choose and fit, in the order sensor depth, TF baseline, metric model; else it is unknown.

    Raises:
        PerceptionError: the model's depth is affine and a view has no sensor depth to undo it.
    """
    found = _from_sensor(views, prediction, deadline)
    if found is not None:
        return found
    if prediction.is_affine:
        raise PerceptionError(
            'this model tells depth only up to a scale and a shift for each image, and no frame '
            'has sensor depth that fits it; choose a multi-view or metric model')
    found, why = _from_baseline(views, prediction, deadline)
    return found or _from_model(views, prediction, why)


def pose_pairs(
    views: Sequence[View], prediction: Prediction,
) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Positions of the views with TF, and (K, 4, 4) their poses in the model's and TF's world."""
    known = [at for at, view in enumerate(views) if view.frame.T_world_camera is not None]
    if prediction.T_camera_model is None or not known:
        return [], np.empty((0, 4, 4)), np.empty((0, 4, 4))
    told = np.stack([np.asarray(views[at].frame.T_world_camera, np.float64) for at in known])
    return known, invert(prediction.T_camera_model[known]), told


def _from_sensor(
    views: Sequence[View], prediction: Prediction, deadline: Deadline,
) -> Scale | None:
    samples = [view.samples() for view in views]
    measured = [at for at, (depth, _) in enumerate(samples) if len(depth)]
    families = ('inverse',) if prediction.is_affine else ('scale', 'depth', 'inverse')
    own = {}
    for at in measured:
        fit = fit_depth(*samples[at], families=families)
        if fit is not None:
            own[at] = fit
    good = {at: fit for at, fit in own.items() if fit.inliers >= _LEAST_INLIERS}
    if not good:
        return None
    if prediction.is_affine:
        if len(good) < len(views):
            lost = [str(view.frame.index) for at, view in enumerate(views) if at not in good]
            raise PerceptionError(
                'this model tells depth only up to a scale and a shift for each image, and '
                f'frames {", ".join(lost)} have no sensor depth that fits it; leave them out')
        scale = float(np.median([fit.metres_per_unit for fit in good.values()]))
    else:
        scale = _common(good, samples)
    fits, shifted = _chosen(views, samples, own, scale, prediction)
    sigma = tuple(
        fit.sigma if math.isfinite(fit.sigma) else _spread(good, scale) for fit in fits)
    trust = tuple(map(_trust, sigma))
    notes = _sensor_notes(views, fits, scale, shifted)
    if shifted:
        scale = _of_movement(views, good, prediction, scale, deadline)
    return Scale(scale, 'sensor_depth', fits, trust, sigma, notes, is_common=not shifted)


def _of_movement(
    views: Sequence[View], good: dict[int, DepthFit], prediction: Prediction, scale: float,
    deadline: Deadline,
) -> float:
    """Scale of the camera centres, which shifted depth tells badly when the images differ in it.

    Where TF is there it tells it.
    """
    measured = sorted(good)
    posed = all(view.frame.T_world_camera is not None for view in views)
    spread = float(np.median([abs(math.log(fit.metres_per_unit / scale)) for fit in good.values()]))
    if prediction.T_camera_model is None or posed or len(good) < 2 or spread < _SURE_SPREAD:
        return scale
    depths = [views[at].sensor_m for at in measured]
    return movement_scale(
        [views[at] for at in measured], [depth for depth in depths if depth is not None],
        invert(prediction.T_camera_model[list(measured)]), scale, deadline)


def _common(
    good: dict[int, DepthFit], samples: Sequence[tuple[np.ndarray, np.ndarray]],
) -> float:
    """One scale over all images; of images with shifts, the shifts taken out."""
    if sum(fit.family == 'scale' for fit in good.values()) * 2 > len(good):
        pooled = fit_depth(
            np.concatenate([samples[at][0] for at in good]),
            np.concatenate([samples[at][1] for at in good]), families=('scale',))
        if pooled is not None:
            return pooled.a
    return float(np.median([fit.metres_per_unit for fit in good.values()]))


def _chosen(
    views: Sequence[View], samples: Sequence[tuple[np.ndarray, np.ndarray]],
    own: dict[int, DepthFit], scale: float, prediction: Prediction,
) -> tuple[tuple[DepthFit, ...], list[int]]:
    """The common scale for each view, but its own fit where that is much better."""
    fits, shifted = [], []
    for at, view in enumerate(views):
        common = judge_scale(scale, *samples[at])
        fit = own.get(at)
        if fit is not None and (
                prediction.is_affine or common is None or fit.beats(common)):
            fits.append(fit)
            shifted.append(view.frame.index)
        else:
            fits.append(common or DepthFit('scale', scale))
    return tuple(fits), shifted


def _sensor_notes(
    views: Sequence[View], fits: Sequence[DepthFit], scale: float, shifted: Sequence[int],
) -> tuple[str, ...]:
    judged = [fit for fit in fits if fit.count]
    residual = float(np.median([fit.residual for fit in judged]))
    residual_m = float(np.median([fit.residual_m for fit in judged]))
    notes = [
        f'Metres are the depth sensor\'s, {scale:.4g} m in a unit of the model, fitted on '
        f'{len(judged)} of {len(fits)} frames; the median difference is {residual_m:.3f} m '
        f'({100 * residual:.1f} %).']
    if shifted:
        notes.append(
            f'Scale and shift of the model\'s depth differ from image to image: fitted alone for '
            f'frames {_list(shifted)}.')
    gross = [(view.frame.index, fit) for view, fit in zip(views, fits)
             if fit.count and (fit.residual > _GROSS_RESIDUAL or fit.inliers < _LEAST_INLIERS)]
    notes += [
        f'Depth sensor and pictures disagree in frame {index} by {fit.residual_m:.2f} m '
        f'({100 * fit.residual:.0f} %, median).' for index, fit in gross]
    return tuple(notes)


def _from_baseline(
    views: Sequence[View], prediction: Prediction, deadline: Deadline,
) -> tuple[Scale | None, str]:
    known, model, told = pose_pairs(views, prediction)
    if len(known) < 2:
        return None, ('TF places fewer than two of the frames' if prediction.T_camera_model
                      is not None else 'the model tells no camera poses')
    found = align_poses(model, told)
    agreed = int(found.inliers.sum())
    if not math.isfinite(found.scale) or found.spread_m < MIN_BASELINE_M:
        if agreed == len(known):
            return None, f'the cameras stand within {_spread_m(told):.2f} m of each other'
        return None, 'TF and pictures disagree'
    if agreed < 2 or 2 * agreed < len(known):
        return None, (
            f'TF and pictures disagree: the poses of {agreed} of {len(known)} frames fit together')
    if prediction.is_affine:
        return None, 'the model\'s depth is affine'
    error = _scale_error(found)
    note = (
        f'Metres come from the cameras\' movement by TF, {found.scale:.4g} m in a unit of the '
        f'model, over a baseline of {found.spread_m:.2f} m by {agreed} of {len(known)} frames; '
        f'its residual makes the scale doubtful by {100 * error:.1f} %.')
    fits = [DepthFit('scale', found.scale)] * len(views)
    sigma = [error] * len(views)
    agreeing = [at for at, agrees in zip(known, found.inliers) if agrees]
    notes = [note]
    better = consistent_fits(
        [views[at] for at in agreeing],
        [views[at].depth * np.float32(found.scale) for at in agreeing],
        np.stack([np.asarray(views[at].frame.T_world_camera) for at in agreeing]), deadline)
    if better is not None:
        for at, fit in zip(agreeing, better[0]):
            fits[at] = fit.after_scale(found.scale)
            sigma[at] = math.hypot(error, better[1])
        notes.append(
            f'{"Scale" if better[0][0].family == "scale" else "Shift"} of the model\'s depth '
            f'differs from image to image: chosen so that the views agree, within '
            f'{100 * better[1]:.1f} %, for frames '
            f'{_list([views[at].frame.index for at in agreeing])}.')
    return Scale(
        found.scale, 'tf_baseline', tuple(fits), tuple(map(_trust, sigma)), tuple(sigma),
        tuple(notes)), ''


def _scale_error(found: Similarity) -> float:
    """Relative standard error of the scale, from the residuals of the poses that agree."""
    inside = found.residual_m[found.inliers]
    free = max(1.0, 3 * len(inside) - 7.0)
    sigma = math.sqrt(float(np.square(inside).sum()) / free)
    return max(sigma, 0.005) / (found.spread_m / math.sqrt(2.0))


def _from_model(views: Sequence[View], prediction: Prediction, why: str) -> Scale:
    if prediction.is_metric:
        source = 'model'
        note = f'Metres are the model\'s own estimate: there is no sensor depth, and {why}.'
    else:
        source = UNKNOWN_SCALE
        note = (f'The scale is unknown: there is no sensor depth, {why}, and the model is not a '
                'metric one. Only ratios and angles mean something, lengths are in no known unit; '
                'a depth sensor, TF that moves the camera, or a metric model would tell it.')
    return Scale(
        1.0, source, tuple(DepthFit('scale', 1.0) for _ in views),
        (_MODEL_TRUST[prediction.is_metric],) * len(views), (math.nan,) * len(views), (note,))


def _trust(error: float) -> float:
    return 1 / (1 + (error / _TRUST_AT)**2)


def _spread(good: dict[int, DepthFit], scale: float) -> float:
    """Typical error of a frame that has no sensor depth of its own."""
    return float(np.median([
        max(fit.sigma, abs(math.log(fit.metres_per_unit / scale))) for fit in good.values()]))


def _spread_m(poses: np.ndarray) -> float:
    centers = poses[:, :3, 3]
    return float(np.linalg.norm(centers[:, None] - centers[None], axis=2).max())


def _list(indices: Sequence[int]) -> str:
    return ', '.join(str(index) for index in indices)
