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


"""Holes of sensor depth are filled from a model; what was measured stays, what was not says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from depth_models import DistortedModel, arc, scene_and_model, shrunk, warped

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    DeadlineExceededError,
    PerceptionError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.perception.alignment import align
from spatialclaw_ros.perception.depth import clean_depth
from spatialclaw_ros.perception.fill import FILL_CONFIDENCE
from spatialclaw_ros.perception.fusion import FusedReconstructor
from spatialclaw_ros.perception.rgbd import RgbdReconstructor
from spatialclaw_ros.perception.views import ask_model
from spatialclaw_ros.workspace.observation import Frame, Observation

NUMBERS = [0, 60, 120, 180, 240, 300, 360, 420]


def hidden(depth_m: np.ndarray, share: float, seed: int) -> np.ndarray:
    """(H, W) bool: rectangles of 30 to 160 pixels that cover a share of the known depth."""
    generator = np.random.default_rng(seed)
    mask = np.zeros(depth_m.shape, dtype=bool)
    known = np.isfinite(depth_m)
    while (mask & known).sum() < share * known.sum():
        x, y = generator.integers(0, depth_m.shape[1]), generator.integers(0, depth_m.shape[0])
        width, height = generator.integers(15, 80, 2)
        mask[max(0, y - height):y + height, max(0, x - width):x + width] = True
    return mask


def holed(frame: Frame, mask: np.ndarray) -> Frame:
    assert frame.depth_m is not None
    return replace(frame, depth_m=np.where(mask, np.float32(np.nan), clean_depth(frame.depth_m)))


def without_tf(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    return tuple(replace(frame, T_world_camera=None) for frame in frames)


@pytest.fixture(scope='module')
def kitchen_frames(kitchen: Callable[[Sequence[int]], Observation]) -> tuple[Frame, ...]:
    return tuple(replace(frame, depth_m=clean_depth(frame.depth_m))
                 for frame in kitchen(NUMBERS).frames)


@pytest.mark.parametrize(('waves', 'distortion', 'median', 'high'), [
    (0.00, {'shift': 0.05, 'inverse': True}, 0.007, 0.025),
    (0.03, {}, 0.013, 0.050),
    (0.03, {'shift': 0.05, 'inverse': True}, 0.013, 0.050),
    (0.03, {'shift': 0.10}, 0.013, 0.050),
    (0.03, {'is_affine': True, 'shift': 0.1}, 0.013, 0.050),
    (0.06, {'shift': 0.05, 'inverse': True}, 0.022, 0.100),
])
def test_error_of_the_filled_part_of_real_depth(
    kitchen_frames: tuple[Frame, ...], waves: float, distortion: dict, median: float, high: float,
) -> None:
    """A third is hidden; the model's copy is scaled, shifted, waved, noisy, and smaller."""
    masks = [hidden(frame.depth_m, 0.3, frame.index) for frame in kitchen_frames]
    frames = tuple(holed(frame, mask) for frame, mask in zip(kitchen_frames, masks))
    model = DistortedModel(
        frames, [shrunk(warped(frame.depth_m, frame.index, waves), 504, 378)
                 for frame in kitchen_frames], scale=2.1, noise=0.01, **distortion)
    observation = Observation(frames, 'world')
    scene = FusedReconstructor(model).reconstruct(observation, range(len(frames)), Deadline())
    plain = align(frames, ask_model(model, frames, Deadline()), Deadline())
    error, plain_error, known = [], [], []
    for true, seen, mask in zip(kitchen_frames, frames, masks):
        filled = mask & np.isfinite(true.depth_m)
        error.append(np.abs(scene.depth_m[true.index] / true.depth_m - 1)[filled])
        plain_error.append(np.abs(plain.depth_m[true.index] / true.depth_m - 1)[filled])
        known.append(float(np.isfinite(scene.depth_m[true.index][filled]).mean()))
        measured = np.isfinite(seen.depth_m)
        assert np.array_equal(scene.depth_m[true.index][measured], seen.depth_m[measured])
        assert scene.confidence[true.index][filled].max() <= FILL_CONFIDENCE
        assert np.median(scene.confidence[true.index][measured]) > 0.5
    worst = np.concatenate(error)
    assert np.nanmedian(worst) < median
    assert np.nanpercentile(worst, 95) < high
    assert min(known) > 0.97
    if waves:  # what is spread from beside the holes pays
        assert np.nanmedian(worst) < 0.75 * np.nanmedian(np.concatenate(plain_error))
    assert scene.scale_source == 'sensor_depth'
    assert 'filled from the depth model' in scene.notes[0]


def test_confidence_orders_the_errors_and_outliers_fill_nothing(
    kitchen_frames: tuple[Frame, ...],
) -> None:
    masks = [hidden(frame.depth_m, 0.3, frame.index) for frame in kitchen_frames]
    frames = tuple(holed(frame, mask) for frame, mask in zip(kitchen_frames, masks))
    model = DistortedModel(
        frames, [shrunk(warped(frame.depth_m, frame.index, 0.04), 504, 378)
                 for frame in kitchen_frames], scale=0.5, noise=0.005, outliers=0.05)
    scene = FusedReconstructor(model).reconstruct(
        Observation(frames, 'world'), range(len(frames)), Deadline())
    errors, sure = [], []
    for true, mask in zip(kitchen_frames, masks):
        filled = mask & np.isfinite(true.depth_m) & np.isfinite(scene.depth_m[true.index])
        errors.append(np.abs(scene.depth_m[true.index] / true.depth_m - 1)[filled])
        sure.append(scene.confidence[true.index][filled])
    error, confidence = np.concatenate(errors), np.concatenate(sure)
    low, high = np.percentile(confidence, (25, 75))
    assert np.median(error[confidence <= low]) > 1.3 * np.median(error[confidence >= high])
    assert (error > 0.2).mean() < 0.003  # of the 5 % that the model has wildly wrong


def test_far_beyond_the_sensors_range_is_less_sure() -> None:
    observation, model = scene_and_model(arc(2), scale=1.7)
    frames = tuple(holed(frame, frame.depth_m > 1.7) for frame in observation.frames)
    scene = FusedReconstructor(model).reconstruct(Observation(frames, 'odom'), [0, 1], Deadline())
    for true in observation.frames:
        depth, sure = scene.depth_m[true.index], scene.confidence[true.index]
        near, far = (true.depth_m > 1.7) & (true.depth_m < 1.9), true.depth_m > 3.0
        assert np.nanmedian(np.abs(depth / true.depth_m - 1)[near | far]) < 0.01
        assert np.median(sure[far]) < 0.5 * np.median(sure[near])


def test_across_a_depth_edge_nothing_is_feathered() -> None:
    """The whole box is a hole: its fill is the model's own, not drawn to the table round it."""
    observation, model = scene_and_model(arc(2), scale=1.7)
    holes, bent = [], []
    for frame in observation.frames:
        box = np.zeros(frame.depth_m.shape, dtype=bool)
        box[88:150, 60:250] = True
        holes.append(holed(frame, box))
        bent.append(box)
    scene = FusedReconstructor(model).reconstruct(Observation(tuple(holes)), [0, 1], Deadline())
    for true, box in zip(observation.frames, bent):
        error = np.abs(scene.depth_m[true.index] / true.depth_m - 1)[box]
        assert np.nanpercentile(error, 90) < 0.005


@pytest.mark.parametrize('moved', [True, False])
def test_placed_as_rgbd_places_it(moved: bool) -> None:
    eyes = arc(3) if moved else arc(1) * 3
    observation, model = scene_and_model(eyes, scale=1.7)
    frames = without_tf([
        holed(frame, hidden(frame.depth_m, 0.2, 3)) for frame in observation.frames])
    scene = FusedReconstructor(model).reconstruct(Observation(frames), [0, 1, 2], Deadline())
    single = RgbdReconstructor().reconstruct(Observation(frames), [0], Deadline())
    assert scene.extrinsics[0] == pytest.approx(single.extrinsics[0], abs=0.02)
    between = np.linalg.inv(scene.extrinsics[0]) @ scene.extrinsics
    true = np.stack([frame.T_world_camera for frame in observation.frames])
    assert between == pytest.approx(np.linalg.inv(true[0]) @ true, abs=0.01)


def test_real_movement_without_tf_is_scaled_by_the_sensor(
    kitchen_frames: tuple[Frame, ...],
) -> None:
    """The waves of the model's depth leave its scale in doubt; what was seen twice does not."""
    posed = kitchen_frames[3:]
    true = np.stack([frame.T_world_camera for frame in posed])
    frames = tuple(replace(frame, index=at, T_world_camera=None)
                   for at, frame in enumerate(posed))
    model = DistortedModel(
        posed, [shrunk(warped(frame.depth_m, frame.index, 0.03), 504, 378) for frame in posed],
        scale=2.1, shift=0.05, inverse=True)
    scene = FusedReconstructor(model).reconstruct(
        Observation(frames), range(len(frames)), Deadline())
    got = (np.linalg.inv(scene.extrinsics[0]) @ scene.extrinsics)[1:, :3, 3]
    moved = (np.linalg.inv(true[0]) @ true)[1:, :3, 3]
    assert np.linalg.norm(got - moved, axis=1).max() < 0.03  # of 1 m, with poses good to 2 cm


def test_a_frame_without_depth_takes_the_scale_of_the_others() -> None:
    observation, model = scene_and_model(arc(4), scale=1.7, noise=0.01)
    frames = tuple(replace(frame, depth_m=None) if frame.index == 2 else frame
                   for frame in observation.frames)
    scene = FusedReconstructor(model).reconstruct(
        Observation(frames, 'odom'), range(4), Deadline())
    true = observation.frames[2].depth_m
    assert np.nanmedian(scene.depth_m[2] / true) == pytest.approx(1, abs=0.005)
    assert any('Frames 2 have no sensor depth at all' in note for note in scene.notes)


def test_without_holes_the_model_is_not_asked() -> None:
    observation, model = scene_and_model(arc(2))
    frames = tuple(replace(frame, depth_m=np.nan_to_num(frame.depth_m, nan=4.0))
                   for frame in observation.frames)
    model.max_views = 0
    scene = FusedReconstructor(model).reconstruct(Observation(frames, 'odom'), [0, 1], Deadline())
    assert np.array_equal(scene.depth_m[0], frames[0].depth_m)


def test_while_the_model_is_away_holes_stay_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    observation, model = scene_and_model(arc(2))

    def away(*_: object) -> None:
        raise PerceptionUnavailableError('no answer from http://gpu:8000')

    monkeypatch.setattr(model, 'predict', away)
    scene = FusedReconstructor(model).reconstruct(observation, [0, 1], Deadline())
    assert np.isnan(scene.depth_m[0]).sum() == np.isnan(observation.frames[0].depth_m).sum()
    assert 'not filled: no answer from http://gpu:8000' in scene.notes[0]
    frames = (observation.frames[0], replace(observation.frames[1], depth_m=None))
    with pytest.raises(PerceptionUnavailableError):
        FusedReconstructor(model).reconstruct(Observation(frames), [0, 1], Deadline())


@pytest.mark.parametrize('spoil', [
    lambda depth: np.where(  # twenty pixels are left
        np.add.outer(abs(np.arange(240) - 102) // 2, abs(np.arange(320) - 102) // 3) == 0,
        depth, np.nan),
    lambda depth: np.where(  # of somewhere else, with a hole
        depth < 1.6, np.random.default_rng(3).uniform(0.4, 6.0, depth.shape), np.nan),
])
def test_a_model_that_does_not_fit_the_sensor_fills_nothing(
    spoil: Callable[[np.ndarray], np.ndarray],
) -> None:
    observation, model = scene_and_model(arc(2), scale=1.7)
    frames = tuple(replace(frame, depth_m=spoil(frame.depth_m).astype(np.float32))
                   for frame in observation.frames)
    scene = FusedReconstructor(model).reconstruct(Observation(frames, 'odom'), [0, 1], Deadline())
    plain = RgbdReconstructor().reconstruct(Observation(frames, 'odom'), [0, 1], Deadline())
    assert np.array_equal(scene.depth_m[0], plain.depth_m[0], equal_nan=True)
    assert scene.scale_source == 'sensor_depth'
    assert 'not filled: depth model and depth sensor do not fit' in scene.notes[0]
    one = (frames[0], replace(frames[1], depth_m=None))
    with pytest.raises(PerceptionError, match='do not fit together in any of frames 0'):
        FusedReconstructor(model).reconstruct(Observation(one, 'odom'), [0, 1], Deadline())


@pytest.mark.parametrize('depth', [None, np.full((240, 320), np.nan, np.float32)])
def test_no_sensor_depth_at_all_is_named(depth: np.ndarray | None) -> None:
    observation, model = scene_and_model(arc(2))
    frames = tuple(replace(frame, depth_m=depth) for frame in observation.frames)
    with pytest.raises(PerceptionError, match='none of frames 0, 1 has a valid pixel'):
        FusedReconstructor(model).reconstruct(Observation(frames), [0, 1], Deadline())


def test_fusion_keeps_its_deadline() -> None:
    observation, model = scene_and_model(arc(2))
    with pytest.raises(DeadlineExceededError):
        FusedReconstructor(model).reconstruct(observation, [0, 1], Deadline(0))
