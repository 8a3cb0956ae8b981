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


"""Planes through noise and outliers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialclaw_ros.geometry.plane import Plane, fit_plane, fit_plane_ransac, ransac_plane


def patch(normal: np.ndarray, offset: float, count: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    points = generator.uniform(-1, 1, (count, 3))
    return Plane(normal, offset).project(points)


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.2, 1)), st.floats(-2, 2))
def test_an_exact_plane_is_found_exactly(normal: tuple[float, ...], offset: float) -> None:
    true = Plane(np.array(normal), offset)
    found = fit_plane(patch(true.normal, true.offset, 60))
    assert np.allclose(found.normal, true.normal, atol=1e-7)
    assert found.offset == pytest.approx(true.offset, abs=1e-7)
    assert np.abs(true.distance(true.project(np.ones((4, 3))))).max() < 1e-12
    both, inliers = fit_plane_ransac(patch(true.normal, true.offset, 60))
    assert inliers.all()
    assert np.allclose(both.normal, true.normal, atol=1e-6)


@pytest.mark.parametrize('outliers', [0.0, 0.3, 0.6])
def test_ransac_with_noise_and_outliers(outliers: float) -> None:
    generator = np.random.default_rng(5)
    normal = np.array([0.1, -0.05, 1.0])
    normal /= np.linalg.norm(normal)
    points = patch(normal, -0.7, 4000) + generator.normal(0, 0.003, (4000, 1)) * normal
    stray = generator.uniform(-1, 1, (int(4000 * outliers), 3)) + np.array([0, 0, 0.7])
    points = np.vstack([points, stray, np.full((7, 3), np.nan)])
    plane, inliers = fit_plane_ransac(points, threshold_m=0.01)
    assert math.degrees(math.acos(min(1.0, float(plane.normal @ normal)))) < 0.15
    assert plane.distance(np.array([0, 0, 0.7 / normal[2]])) == pytest.approx(0, abs=0.001)
    assert inliers[:4000].mean() > 0.99
    assert not inliers[-7:].any()


def test_the_hint_chooses_among_planes() -> None:
    wall = np.random.default_rng(0).uniform(0, 1, (3000, 3)) * (0, 1, 1) + np.array([1, 0, 0])
    floor = np.random.default_rng(1).uniform(0, 1, (1000, 3)) * (1, 1, 0)
    points = np.vstack([wall, floor])
    assert abs(fit_plane_ransac(points)[0].normal[0]) > 0.999
    level, inliers = fit_plane_ransac(points, normal_hint=np.array([0, 0, 1.0]))
    assert level.normal[2] > 0.999
    assert inliers[3000:].all()
    down, _ = fit_plane_ransac(points, normal_hint=np.array([0, 0, -1.0]))
    assert down.normal[2] < -0.999


@pytest.mark.parametrize('share', [0.1, 0.3, 0.9])
@pytest.mark.parametrize('known', [0.2, 1.0])
def test_a_small_share_of_large_clouds_is_found(share: float, known: float) -> None:
    normal = np.array([0.05, -0.03, 1.0])
    normal /= np.linalg.norm(normal)
    clouds = []
    for seed in range(3):
        generator = np.random.default_rng(seed)
        level = patch(normal, -0.4, round(60000 * share), seed)
        level += generator.normal(0, 0.003, (len(level), 1)) * normal
        cloud = np.vstack([level, generator.uniform(-1, 1, (60000 - len(level), 3))])
        cloud[generator.random(len(cloud)) > known] = np.nan
        clouds.append(cloud.astype(np.float32))
    up = np.array([0.0, 0.0, 1.0])
    plane = ransac_plane(clouds, iterations=5000, normal_hint=up)
    assert math.degrees(math.acos(min(1.0, float(plane.normal @ normal)))) < 0.05
    assert plane.distance(np.array([0, 0, 0.4 / normal[2]])) == pytest.approx(0, abs=0.0005)
    again = ransac_plane(clouds, iterations=5000, normal_hint=up)
    assert (again.normal.tolist(), again.offset) == (plane.normal.tolist(), plane.offset)


@pytest.mark.parametrize('seed', range(5))
def test_of_two_levels_the_one_with_more_points_is_taken(seed: int) -> None:
    generator = np.random.default_rng(seed)
    table, floor = (
        np.column_stack([generator.uniform(-size, size, (count, 2)),
                         generator.normal(height, 0.003, count)])
        for size, height, count in ((0.5, 0.7, 48500), (3.0, 0.0, 51500)))
    up = np.array([0.0, 0.0, 1.0])
    plane = ransac_plane([table, floor], iterations=5000, seed=seed, normal_hint=up)
    assert plane.offset == pytest.approx(0, abs=0.001)


def test_few_known_points_among_very_many() -> None:
    points = np.full((200000, 3), np.nan)
    points[::20000] = patch(np.array([0, 0, 1.0]), -0.5, 10)
    assert ransac_plane([points[:70000], points[70000:]]).offset == pytest.approx(-0.5)
    with pytest.raises(ValueError, match='at least 3 finite points, got 0'):
        ransac_plane([])


@pytest.mark.parametrize(('points', 'message'), [
    (np.zeros((2, 3)), 'at least 3'), (np.full((9, 3), np.nan), 'at least 3'),
    (np.outer(np.arange(9.0), [1, 2, 3]), 'on one line')])
def test_too_little_for_a_plane(points: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_plane(points)
    with pytest.raises(ValueError, match=message):
        fit_plane_ransac(points)


@pytest.mark.parametrize(('normal', 'offset'), [
    ((0, 0, 0), 1), ((0, np.nan, 1), 1), ((0, 0, 1), np.inf), ((1, 2), 0)])
def test_a_bad_plane_is_refused(normal: tuple, offset: float) -> None:
    with pytest.raises(ValueError, match='plane needs'):
        Plane(np.array(normal, dtype=float), offset)
