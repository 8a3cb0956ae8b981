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


"""A map of another size is aligned to the pixel, and invents no surface between near and far."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.resample import upsample

WIDTH, HEIGHT = 640, 480
SIZES = [(504, 378), (252, 189), (126, 98), (640, 480), (960, 720), (504, 392)]


def plane(camera: PinholeCamera) -> np.ndarray:
    """Depth of a slanted plane: its inverse is linear in the pixels."""
    rays = camera.rays().astype(np.float64)
    return np.asarray(1 / (rays @ np.array([0.25, -0.35, 0.6])), dtype=np.float32)


@pytest.mark.parametrize(('width', 'height'), SIZES)
def test_a_plane_is_exact_at_every_pixel(width: int, height: int) -> None:
    camera = PinholeCamera(WIDTH, HEIGHT, 540.0, 530.0, 310.0, 250.0)
    small = plane(camera.scaled(width, height))
    depth, confidence = upsample(small, np.ones_like(small), HEIGHT, WIDTH)
    inside = np.s_[8:-8, 8:-8]
    off = depth[inside] / plane(camera)[inside] - 1
    assert np.abs(off).max() < 2e-4  # half a pixel would be 5e-4 and more
    assert np.abs(off.mean()) < 2e-5
    assert confidence[inside] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(('width', 'height'), SIZES)
def test_a_patch_lands_where_it_was_and_is_near_or_far(width: int, height: int) -> None:
    rows, columns = slice(height // 3, height // 2), slice(width // 4, width // 3)
    small = np.full((height, width), 3.0, np.float32)
    small[rows, columns] = 1.0
    depth, confidence = upsample(small, np.ones_like(small), HEIGHT, WIDTH)
    assert set(np.unique(np.round(depth, 4))) == {1.0, 3.0}
    near = np.argwhere(depth < 2)
    scale = np.array([HEIGHT / height, WIDTH / width])
    first = np.array([rows.start, columns.start]) * scale - 0.5
    last = np.array([rows.stop, columns.stop]) * scale - 0.5
    assert np.abs(near.min(axis=0) - 0.5 - first).max() <= 0.51 * scale.max()
    assert np.abs(near.max(axis=0) + 0.5 - last).max() <= 0.51 * scale.max()
    middle = (first + last) / 2
    assert near.mean(axis=0) == pytest.approx(middle, abs=0.5)
    assert confidence[tuple(np.rint(middle).astype(int))] == pytest.approx(1.0)
    border = round(first[1]), round(middle[0])
    assert confidence[border[1], border[0]] < 0.5


def test_unknown_stays_unknown_and_a_speck_is_doubted() -> None:
    small = np.full((60, 80), 2.0, np.float32)
    small[10:20, 30:40] = np.nan
    small[40, 50] = 4.0
    depth, confidence = upsample(small, np.ones_like(small), 120, 160)
    assert np.isnan(depth[21:39, 61:79]).all()
    assert (confidence[21:39, 61:79] == 0).all()
    assert np.isfinite(depth[:18]).all()
    assert (confidence[80:82, 100:102] < 0.02).all()
    assert (confidence[100:, :80] == 1).all()


GOOD = {'depth': (np.ones((4, 6), np.float32),), 'T_camera_model': np.eye(4)[None, :3],
        'intrinsics': np.diag([50.0, 50.0, 1.0])[None]}
MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])[None]


@pytest.mark.parametrize(('change', 'words'), [
    ({'depth': ()}, 'at least one image'),
    ({'depth': (np.ones((4, 6, 1)),)}, r'got \(4, 6, 1\)'),
    ({'depth': (np.array([['a']]),)}, 'map of numbers'),
    ({'confidence': (np.ones((6, 4)),)}, r'sizes of depth'),
    ({'T_camera_model': np.eye(4)}, r'\(1, 4, 4\) or \(1, 3, 4\)'),
    ({'T_camera_model': np.full((1, 4, 4), np.nan)}, 'finite'),
    ({'T_camera_model': 2 * np.eye(4)[None]}, 'no rigid motion'),
    ({'T_camera_model': MIRROR}, 'no rigid motion'),
    ({'intrinsics': np.eye(3)}, r'must be \(1, 3, 3\)'),
    ({'intrinsics': np.zeros((1, 3, 3))}, 'positive focal'),
    ({'is_metric': True, 'is_affine': True}, 'can not be metric'),
    ({'confidence_kind': 'percent'}, "got 'percent'")])
def test_a_prediction_is_checked_once(change: dict, words: str) -> None:
    assert Prediction(**GOOD).T_camera_model.shape == (1, 4, 4)
    with pytest.raises(ValueError, match=words):
        Prediction(**{**GOOD, **change})


@pytest.mark.parametrize(('kind', 'given', 'expected'), [
    ('unit', [-0.5, 0.0, 0.5, 1.0, 2.0, np.nan], [0, 0, 0.5, 1, 1, 0]),
    ('exp_plus_one', [0.5, 1.0, 2.0, 10.0, np.inf, np.nan], [0, 0, 0.5, 0.9, 1, 0])])
def test_confidence_is_mapped_to_one(kind: str, given: list, expected: list) -> None:
    values = np.tile(np.array(given, np.float32), (2, 1))
    prediction = Prediction((np.ones_like(values),), (values,), confidence_kind=kind)
    assert prediction.confidence_of(0)[0] == pytest.approx(expected, abs=1e-6)


def test_half_precision_poses_are_made_rigid() -> None:
    turned = np.eye(4)[None].copy()
    turned[0, :2, :2] = [[0.9604, -0.2798], [0.2798, 0.9604]]
    turned[0, :3, :3] *= 1.004
    pose = Prediction(**{**GOOD, 'T_camera_model': turned}).T_camera_model[0]
    assert pose[:3, :3] @ pose[:3, :3].T == pytest.approx(np.eye(3), abs=1e-12)
