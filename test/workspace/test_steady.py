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


"""Noise evened out along the rays: as far round as it blurs, and not where a surface bends."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.workspace.points import PointArray
from spatialclaw_ros.workspace.steady import MOST_PIXELS, steadied

FOCAL_PX, EYE = 580.0, np.array([0.1, -0.2, 1.0])
ROWS, COLUMNS = (each.ravel() for each in np.mgrid[200:280, 300:380])
RAYS = np.column_stack([
    (COLUMNS - 320) / FOCAL_PX, (ROWS - 240) / FOCAL_PX, np.ones(COLUMNS.size)])
LEVEL = 2.0 / (1 + 0.5 * RAYS[:, 0] - 0.8 * RAYS[:, 1])  # a slanted plane, 2 m away
BALL = 2.0 - np.sqrt(np.maximum(0.3 ** 2 - 4 * (RAYS[:, :2] ** 2).sum(axis=1), 0.0))


def seen(depth_m: np.ndarray, noise_m: float = 0.0, told: float | None = None) -> PointArray:
    """World points of a camera at EYE whose axes are the world's, with noise along the rays."""
    noisy = (depth_m + np.random.default_rng(5).normal(0, 1, depth_m.shape) * noise_m).astype(
        np.float32)
    sigma = None if told is None else np.full(noisy.shape, told / depth_m, np.float32)
    return PointArray.make((EYE + RAYS * noisy[:, None]).astype(np.float32), noisy, sigma)


def off(points: PointArray, depth_m: np.ndarray) -> np.ndarray:
    """How far points are from where they should be, (K,) metres along z."""
    return np.asarray(points)[:, 2] - EYE[2] - depth_m


@pytest.mark.parametrize(('depth_m', 'noise_m'), [(LEVEL, 0.006), (LEVEL, 0.012), (BALL, 0.006)])
def test_less_noise_is_left_and_sigma_says_how_much(depth_m: np.ndarray, noise_m: float) -> None:
    points = seen(depth_m, noise_m, told=noise_m)
    steady = steadied(points, ROWS, COLUMNS, EYE, FOCAL_PX)
    before, after = off(points, depth_m).std(), off(steady, depth_m).std()
    assert after < 0.5 * before
    assert steady.sigma is not None
    assert after < 1.5 * np.median(steady.sigma) < before * 1.5
    assert abs(np.median(off(steady, depth_m))) < noise_m / 4


@pytest.mark.parametrize('depth_m', [LEVEL, BALL], ids=['level', 'ball'])
def test_exact_points_stay_within_a_part_of_their_sigma(depth_m: np.ndarray) -> None:
    points = seen(depth_m)
    steady = steadied(points, ROWS, COLUMNS, EYE, FOCAL_PX)
    assert points.sigma is not None
    assert np.abs(off(steady, depth_m)).max() < 0.6 * np.median(points.sigma)


def test_a_step_is_kept() -> None:
    depth = np.where(COLUMNS < 340, LEVEL, LEVEL + 0.05)
    steady = steadied(seen(depth, 0.002, told=0.005), ROWS, COLUMNS, EYE, FOCAL_PX)
    assert np.abs(off(steady, depth)).max() < 0.012  # nothing hangs between near and far


@pytest.mark.parametrize('points', [
    PointArray.make(np.asarray(seen(LEVEL)), None), seen(LEVEL)[:4],
    seen(LEVEL, told=np.nan)], ids=['unknown', 'few', 'no sigma'])
def test_what_can_not_be_evened_out_stays(points: PointArray) -> None:
    count = len(points)
    assert steadied(points, ROWS[:count], COLUMNS[:count], EYE, FOCAL_PX) is points


def test_a_large_surface_is_left_to_its_plane() -> None:
    rows, columns = (each.ravel() for each in np.mgrid[:210, :210])
    points = PointArray.make(
        np.zeros((rows.size, 3), np.float32), np.ones(rows.size, np.float32))
    assert rows.size > MOST_PIXELS
    assert steadied(points, rows, columns, EYE, FOCAL_PX) is points


def test_masks_even_out_where_asked(new_cell) -> None:
    cell = new_cell()
    cell.run('recon = tools.Reconstruct()\n'
             'seg = tools.SAM3.segment_video_by_text(["red box"])\n')
    plain, steady = (cell.run(f'out = seg.get_masked_points(recon, 2, 0, steady={value})')
                     for value in (False, True))
    assert plain.shape == steady.shape
    assert np.abs(np.asarray(plain) - np.asarray(steady)).max() < 0.005
    assert np.median(steady.sigma) < np.median(plain.sigma)
