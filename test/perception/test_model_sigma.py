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



"""Depth that a model told is worth what its fit left, also in a distance measured over it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from depth_models import DistortedModel, arc, scene_and_model, shrunk, warped

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.noise import depth_sigma_m
from spatialclaw_ros.perception.depth import clean_depth
from spatialclaw_ros.perception.fusion import FusedReconstructor
from spatialclaw_ros.perception.model_reconstructor import ModelReconstructor
from spatialclaw_ros.perception.protocols import Reconstructor
from spatialclaw_ros.perception.tools import PerceptionTools
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.points import PointArray
from spatialclaw_ros.workspace.reconstruction import Reconstruction
from spatialclaw_ros.workspace.tools.geometry import Geometry

WORSE = {'scale': 1.7, 'noise': 0.01, 'shift': 0.04, 'inverse': True}


def result_of(backend: Reconstructor, frames: Sequence[Frame]) -> ToolResult:
    """What a cell's call gets."""
    call = ToolCall('reconstruct', {'frame_indices': [frame.index for frame in frames]})
    result = PerceptionTools(backend).handle(Observation(tuple(frames), 'odom'), call, Deadline())
    assert result.error is None, result.error
    return result


def opened(result: ToolResult, frames: Sequence[Frame]) -> Reconstruction:
    return Reconstruction(
        frame_indices=[frame.index for frame in frames], images=None, arrays=result.arrays,
        **result.values)


def left_half(frame: Frame) -> np.ndarray:
    assert frame.depth_m is not None
    return np.arange(frame.depth_m.shape[1]) < frame.depth_m.shape[1] // 2


def holed(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Without the left half of the depth."""
    return tuple(replace(frame, depth_m=np.where(
        left_half(frame), np.float32(np.nan), clean_depth(frame.depth_m))) for frame in frames)


def test_a_distance_over_filled_pixels_is_as_unsure_as_it_is_wrong() -> None:
    observation, model = scene_and_model(arc(3), **WORSE)
    frames = holed(observation.frames)
    result = result_of(FusedReconstructor(model), frames)
    recon = opened(result, frames)
    covered, ratios = [], []
    for true in observation.frames:
        filled = np.isnan(frames[true.index].depth_m) & np.isfinite(recon.depth[true.index])
        points = recon.points[true.index]
        sigma = points.sigma
        assert sigma[~filled] == pytest.approx(
            depth_sigma_m(recon.depth[true.index][~filled]), nan_ok=True)
        error = np.abs(recon.depth[true.index] - true.depth_m)[filled]
        covered.append(np.mean((error < 2 * sigma[filled])[np.isfinite(error)]))
        ratios.append(np.nanmedian(sigma[filled] / depth_sigma_m(true.depth_m)[filled]))
        assert f'model_sigma_{true.index}' in result.arrays
    assert min(covered) > 0.9
    assert min(ratios) > 1.5  # the sensor's own noise would be too little
    true, points = observation.frames[1], recon.points[1]
    camera = true.intrinsics
    exact = camera.rays() * true.depth_m[..., None]
    for row, left, right in ((60, 40, 250), (150, 60, 220), (200, 100, 150)):
        span = np.s_[row - 2:row + 3], np.s_[left - 2:left + 3]
        other = np.s_[row - 2:row + 3], np.s_[right - 2:right + 3]
        found = Geometry().closest_points(
            points[span].reshape(-1, 3), points[other].reshape(-1, 3), clean=False)
        apart = np.linalg.norm(
            exact[span].reshape(-1, 1, 3) - exact[other].reshape(1, -1, 3), axis=2).min()
        assert abs(found.distance - apart) < 3 * found.sigma
        assert 0.002 < found.sigma < 0.15


def test_sigma_of_filled_real_depth_covers_its_error(
    kitchen: Callable[[Sequence[int]], Observation],
) -> None:
    whole = tuple(replace(frame, depth_m=clean_depth(frame.depth_m))
                  for frame in kitchen([0, 180, 360]).frames)
    frames = holed(whole)
    model = DistortedModel(
        frames, [shrunk(warped(frame.depth_m, frame.index, 0.03), 252, 189) for frame in whole],
        scale=2.1, noise=0.01)
    recon = opened(result_of(FusedReconstructor(model), frames), frames)
    for true in whole:
        depth = recon.depth[true.index]
        filled = left_half(true)[None] & np.isfinite(depth) & np.isfinite(true.depth_m)
        error = np.abs(depth / true.depth_m - 1)[filled]
        sigma = (recon.points[true.index].sigma / depth)[filled]
        assert np.mean(error < 2 * sigma) > 0.85
        assert np.median(sigma) < 0.08


@pytest.mark.parametrize(('has_tf', 'claims_metres'), [(True, False), (False, True)])
def test_without_a_sensor_the_scale_tells_or_nothing(has_tf: bool, claims_metres: bool) -> None:
    observation, model = scene_and_model(
        arc(4), scale=1.0 if claims_metres else 1.3, away=0.01, is_metric=claims_metres)
    frames = tuple(replace(
        frame, depth_m=None, T_world_camera=frame.T_world_camera if has_tf else None)
        for frame in observation.frames)
    result = result_of(ModelReconstructor(model), frames)
    recon = opened(result, frames)
    points = recon.points[0]
    if not has_tf:
        assert result.values['scale_source'] == 'model'
        assert not [name for name in result.arrays if name.startswith('model_sigma')]
        assert points.sigma is None
        near = Geometry().closest_points(points[100:104, 100], points[200:204, 200], clean=False)
        assert math.isnan(near.sigma)
        return
    assert result.values['scale_source'] == 'tf_baseline'
    assert result.arrays['model_sigma_0'].shape == (1, 1)
    share = points.sigma / recon.depth[0]
    assert 0.002 < np.nanmedian(share) < 0.05
    error = np.nanmedian(np.abs(recon.depth[0] / observation.frames[0].depth_m - 1))
    assert error < 2 * np.nanmedian(share)


def test_points_of_both_kinds_go_along() -> None:
    raw = np.random.default_rng(1).uniform(-1, 1, (4, 5, 3))
    depth = np.full((4, 5), 2.0, np.float32)
    share = np.zeros((4, 5), np.float16)
    share[:2], share[3] = 0.03125, np.nan
    mixed, plain = PointArray.make(raw, depth, share), PointArray.make(raw, depth)
    sensor = float(depth_sigma_m(2.0))
    expected = np.repeat([0.0625, 0.0625, sensor, np.nan], 5)
    assert mixed.sigma.reshape(-1) == pytest.approx(expected, nan_ok=True)
    assert mixed.reshape(-1, 3)[::3].sigma == pytest.approx(expected[::3], nan_ok=True)
    assert mixed[raw[..., 0] > 0].sigma == pytest.approx(
        expected[raw[..., 0].reshape(-1) > 0], nan_ok=True)
    assert mixed.rows(np.array([0, 12, 19])).sigma == pytest.approx(
        [0.0625, sensor, np.nan], nan_ok=True)
    joined = np.concatenate([mixed[1], plain[1]])
    assert joined.sigma == pytest.approx([0.0625] * 5 + [sensor] * 5)
    spread = PointArray.make(raw, depth, np.full((1, 1), 0.03125, np.float16))
    assert spread.rows(np.array([3, 17])).sigma == pytest.approx([0.0625, 0.0625])
    assert getattr(mixed * 2, 'sigma', None) is None
