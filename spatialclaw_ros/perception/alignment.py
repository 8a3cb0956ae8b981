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


"""Aligns a model's prediction to the robot: metres, world frame, pixels, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.depth_fit import DepthFit
from spatialclaw_ros.perception.placement import place_views
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.protocols import SceneGeometry
from spatialclaw_ros.perception.rgbd import world_points
from spatialclaw_ros.perception.scale import Scale, find_scale
from spatialclaw_ros.perception.views import View, make_views
from spatialclaw_ros.workspace.observation import Frame

_REACH = {'scale': 0.7, 'depth': 0.35, 'inverse': 0.35}
_DISAGREEMENT = 0.1


@dataclass(frozen=True, eq=False)
class Metric:
    """Views in metres, each in its own camera.

    Args:
        views: N of them.
        depths_m: N (H, W) float32, NaN where unknown.
        confidence: N (H, W) float32 in [0, 1].
        sigma: N relative standard deviations of depth, (H, W) or (1, 1) float16; NaN unknown.
        scale: what made metres of them.
        notes: of the model, the views and the scale.
    """

    views: tuple[View, ...]
    depths_m: tuple[np.ndarray, ...]
    confidence: tuple[np.ndarray, ...]
    sigma: tuple[np.ndarray, ...]
    scale: Scale
    notes: tuple[str, ...]


def to_metres(frames: Sequence[Frame], prediction: Prediction, deadline: Deadline) -> Metric:
    """Bring a prediction to the frames' size and to metres.

    Raises:
        PerceptionError: no intrinsics, maps that are not of the whole image, or affine depth
            without sensor depth.
    """
    views, notes = make_views(frames, prediction, deadline)
    scale = find_scale(views, prediction, deadline)
    depths, confidence, sigmas = [], [], []
    for view, fit, trust, sigma in zip(views, scale.fits, scale.trust, scale.sigma):
        deadline.check(f'alignment of frame {view.frame.index}')
        depth = fit.apply(view.depth)
        depths.append(depth)
        reach = within_reach(depth, fit)
        sure = view.confidence * np.float32(trust) * reach
        sigmas.append(_sigma(sigma, reach))
        if view.sensor_m is not None:
            sure *= _agreement(depth, view.sensor_m)
        confidence.append(np.where(np.isfinite(depth), sure, np.float32(0)))
    return Metric(
        tuple(views), tuple(depths), tuple(confidence), tuple(sigmas), scale,
        (*prediction.notes, *notes, *scale.notes))


def align(frames: Sequence[Frame], prediction: Prediction, deadline: Deadline) -> SceneGeometry:
    """A prediction in the robot's metres and world frame, at the frames' size.

    Args:
        frames: N, at least one; sensor depth, CameraInfo and TF are used where they are there.
        prediction: of these frames, in their order.
        deadline: of the query.

    Returns:
        The geometry. Notes tell where metres come from, the residuals in metres and degrees, and
        where TF or the depth sensor contradict the pictures.

    Raises:
        PerceptionError: as `to_metres`; or the model tells no poses, and TF lacks some.
    """
    metric = to_metres(frames, prediction, deadline)
    placed = place_views(metric.views, metric.depths_m, prediction, metric.scale, deadline)
    indices = tuple(frame.index for frame in frames)
    points = {}
    for view, depth, pose in zip(metric.views, metric.depths_m, placed.poses):
        deadline.check(f'points of frame {view.frame.index}')
        points[view.frame.index] = world_points(view.camera, depth, pose)
    return SceneGeometry(
        frame_indices=indices, depth_m=dict(zip(indices, metric.depths_m)), points_m=points,
        confidence={index: each * np.float32(trust) for index, each, trust in zip(
            indices, metric.confidence, placed.trust)},
        extrinsics=placed.poses, intrinsics=intrinsics_of(metric.views),
        metric_scale=metric.scale.metres_per_unit, scale_source=metric.scale.source,
        notes=(*metric.notes, *placed.notes), model_sigma={
            index: each for index, each in zip(indices, metric.sigma) if not np.isnan(each).all()})


def _sigma(sigma: float, reach: np.ndarray) -> np.ndarray:
    """Relative error of depth: the fit's, and more where it is extrapolated."""
    if reach.min() == 1 or math.isnan(sigma):
        return np.full((1, 1), sigma, dtype=np.float16)
    return np.asarray(np.minimum(sigma / reach, 1), dtype=np.float16)


def intrinsics_of(views: Sequence[View]) -> np.ndarray:
    """(N, 4) float64 fx fy cx cy at the images' sizes."""
    return np.array([[view.camera.fx, view.camera.fy, view.camera.cx, view.camera.cy]
                     for view in views], dtype=np.float64)


def within_reach(depth_m: np.ndarray, fit: DepthFit) -> np.ndarray:
    """Trust (H, W) float32 in depth that lies nearer or farther than what it was fitted to."""
    if not (math.isfinite(fit.near_m) and math.isfinite(fit.far_m)):
        return np.ones(depth_m.shape, dtype=np.float32)
    with np.errstate(invalid='ignore'):
        beyond = np.maximum(np.log(depth_m / np.float32(fit.far_m)),
                            np.log(np.float32(fit.near_m) / depth_m))
    beyond = np.clip(np.nan_to_num(beyond, nan=0.0), 0, None) / np.float32(_REACH[fit.family])
    return np.asarray(1 / (1 + beyond * beyond), dtype=np.float32)


def _agreement(depth_m: np.ndarray, sensor_m: np.ndarray) -> np.ndarray:
    with np.errstate(invalid='ignore'):
        away = np.log(depth_m / sensor_m) / np.float32(_DISAGREEMENT)
    away = np.nan_to_num(away, nan=0.0)
    return np.asarray(1 / (1 + away * away), dtype=np.float32)
