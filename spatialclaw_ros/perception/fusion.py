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


"""Reconstruct from sensor depth, its holes filled from a depth model scaled to the sensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError, PerceptionUnavailableError
from spatialclaw_ros.perception.alignment import Metric, intrinsics_of, to_metres
from spatialclaw_ros.perception.depth import clean_depth, depth_features
from spatialclaw_ros.perception.fill import fill_holes
from spatialclaw_ros.perception.placement import place_views
from spatialclaw_ros.perception.poses import place_frames
from spatialclaw_ros.perception.prediction import DepthModel, Prediction
from spatialclaw_ros.perception.protocols import SceneGeometry
from spatialclaw_ros.perception.rgbd import RgbdReconstructor, measured_sigma, world_points
from spatialclaw_ros.perception.views import ask_model
from spatialclaw_ros.workspace.observation import Frame, Observation

_WORTH_FILLING = 0.005


class FusedReconstructor:
    """Sensor depth where there is any; elsewhere a model's, scaled to it, and less sure.

    Args:
        model: monocular or multi-view.
    """

    name = 'fused'

    def __init__(self, model: DepthModel) -> None:
        self._model = model
        self._sensor = RgbdReconstructor()

    def reconstruct(
        self, observation: Observation, frame_indices: Sequence[int], deadline: Deadline,
    ) -> SceneGeometry:
        """Reconstruct frames; see `protocols.Reconstructor`.

        While the model can't be reached, or doesn't fit the sensor in any frame, holes stay holes,
        and a note says so.

        Raises:
            PerceptionError: no frame has sensor depth, or one has none and the model doesn't fit
                the sensor in the others.
        """
        frames = observation.select(frame_indices)
        if not frames:
            raise PerceptionError('no frame was asked for; give at least one frame index')
        measured = [frame for frame in frames if _has_depth(frame)]
        if not measured:
            raise PerceptionError(
                f'none of frames {_list(frames)} has a valid pixel of sensor depth, to which the '
                'depth model could be scaled; check the depth topic and its encoding')
        if len(measured) == len(frames) and max(map(_holes, frames)) < _WORTH_FILLING:
            return self._sensor.reconstruct(observation, frame_indices, deadline)
        try:
            prediction = ask_model(self._model, frames, deadline)
            metric = to_metres(frames, prediction, deadline)
            if metric.scale.source != 'sensor_depth':
                raise _NoFitError(
                    f'depth model and depth sensor do not fit together in any of frames '
                    f'{_list(measured)}, or the sensor has hardly a pixel there; check that '
                    'depth is of the same time and camera as the pictures')
        except (PerceptionUnavailableError, _NoFitError) as error:
            if len(measured) < len(frames):
                raise
            scene = self._sensor.reconstruct(observation, frame_indices, deadline)
            note = f'Holes of the depth sensor are not filled: {error}'
            return replace(scene, notes=(note, *scene.notes))
        return _fused(metric, prediction, deadline)


class _NoFitError(PerceptionError):
    """The model's depth can't be scaled to the sensor's."""


def _fused(metric: Metric, prediction: Prediction, deadline: Deadline) -> SceneGeometry:
    """Sensor depth with its holes filled from a prediction that was scaled to it."""
    depths, confidence, shares, model_sigma = [], [], [], {}
    for view, model_m, sure, sigma in zip(
            metric.views, metric.depths_m, metric.confidence, metric.sigma):
        deadline.check(f'filling holes of frame {view.frame.index}')
        if view.sensor_m is None:
            depths.append(model_m)
            confidence.append(sure)
            shares.append(1.0)
            model_sigma[view.frame.index] = sigma
            continue
        features = depth_features(view.sensor_m, view.camera)
        filled = fill_holes(features.depth_m, features.confidence, model_m, sure)
        depths.append(filled.depth_m)
        confidence.append(filled.confidence)
        shares.append(float(filled.filled.mean()))
        measured = measured_sigma(features)
        if measured is not None:
            model_sigma[view.frame.index] = measured
        if filled.filled.any():
            # far from all that is measured a model errs in ways that the fit does not see
            doubt = sigma * (2 - filled.near)
            model_sigma[view.frame.index] = np.where(
                filled.filled, doubt, 0 if measured is None else measured).astype(np.float16)
    poses, trust, notes = _placed(metric, depths, prediction, deadline)
    indices = tuple(view.frame.index for view in metric.views)
    points = {}
    for view, depth, pose in zip(metric.views, depths, poses):
        deadline.check(f'points of frame {view.frame.index}')
        points[view.frame.index] = world_points(view.camera, depth, pose)
    return SceneGeometry(
        frame_indices=indices, depth_m=dict(zip(indices, depths)), points_m=points,
        confidence={index: each * np.float32(share) for index, each, share in zip(
            indices, confidence, trust)},
        extrinsics=poses, intrinsics=intrinsics_of(metric.views),
        metric_scale=metric.scale.metres_per_unit, scale_source=metric.scale.source,
        notes=(_fill_note(shares, metric), *metric.notes, *notes), model_sigma=model_sigma)


def _placed(
    metric: Metric, depths: Sequence[np.ndarray], prediction: Prediction, deadline: Deadline,
) -> tuple[np.ndarray, tuple[float, ...], tuple[str, ...]]:
    """As `rgbd` places frames where it can, by the model's poses where it can't."""
    frames = [replace(view.frame, intrinsics=view.camera) for view in metric.views]
    if all(frame.T_world_camera is None for frame in frames):
        measured = {
            view.frame.index: depth if view.sensor_m is None else view.sensor_m
            for view, depth in zip(metric.views, depths)}
        try:
            poses, notes = place_frames(frames, measured)
            return (np.stack([poses[frame.index] for frame in frames]), (1.0,) * len(frames),
                    tuple(notes))
        except PerceptionError:
            if prediction.T_camera_model is None:
                raise
    placed = place_views(metric.views, depths, prediction, metric.scale, deadline)
    return placed.poses, placed.trust, placed.notes


def _fill_note(shares: Sequence[float], metric: Metric) -> str:
    whole = [view.frame.index for view in metric.views if view.sensor_m is None]
    errors = [fit.sigma for fit in metric.scale.fits if math.isfinite(fit.sigma)]
    note = (f'Holes of the depth sensor, {100 * float(np.mean(shares)):.0f} % of the pixels, are '
            'filled from the depth model, with a confidence of 0.25 or less; beside the holes it '
            f'is off the sensor by {100 * float(np.median(errors)):.1f} %.')
    if whole:
        note += f' Frames {", ".join(map(str, whole))} have no sensor depth at all.'
    return note


def _has_depth(frame: Frame) -> bool:
    return frame.depth_m is not None and bool(np.isfinite(clean_depth(frame.depth_m)).any())


def _holes(frame: Frame) -> float:
    assert frame.depth_m is not None
    return 1.0 - float(np.isfinite(clean_depth(frame.depth_m)).mean())


def _list(frames: Sequence[Frame]) -> str:
    return ', '.join(str(frame.index) for frame in frames)
