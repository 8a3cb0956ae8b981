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


"""Clouds, boxes and closest points against brute force and known shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialclaw_ros.geometry import cloud
from spatialclaw_ros.geometry.box import oriented_box
from spatialclaw_ros.geometry.closest import closest_points, onto_surface
from spatialclaw_ros.geometry.noise import depth_offset_sigma_m, depth_sigma_m


def rotation(yaw: float) -> np.ndarray:
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 60), st.integers(1, 60))
def test_closest_points_is_brute_force(seed: int, n: int, m: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=(n, 3)), generator.normal(size=(m, 3)) + 1
    found = closest_points(a, b)
    distances = np.linalg.norm(a[:, None] - b[None], axis=2)
    assert found.distance == pytest.approx(distances.min(), rel=1e-12)
    assert np.linalg.norm(found.point_a - found.point_b) == pytest.approx(found.distance)
    assert math.isnan(found.sigma)
    distance, point_a, _, _ = found
    assert distance == found.distance
    assert (a == point_a).all(axis=1).any()


@pytest.mark.parametrize('gap', [0.0, 0.3, 4.0])
def test_pruning_of_large_clouds_loses_nothing(gap: float) -> None:
    generator = np.random.default_rng(2)
    a = generator.uniform(0, 1, (9000, 3))
    b = generator.uniform(0, 1, (7000, 3)) + np.array([1 + gap, 0.2, 0])
    expected = cloud.cKDTree(b).query(a)[0].min()
    assert closest_points(a, b).distance == pytest.approx(expected, rel=1e-12)
    assert closest_points(b, a).distance == pytest.approx(expected, rel=1e-12)


def test_sigma_holds_noise_and_spacing() -> None:
    grid = np.stack(np.meshgrid(np.arange(9) * 0.01, np.arange(9) * 0.01), -1).reshape(-1, 2)
    a = np.column_stack([np.zeros(81), grid])
    found = closest_points(a, a + np.array([0.5, 0, 0]), np.full(81, 0.003), np.full(81, 0.004))
    assert found.distance == pytest.approx(0.5)
    # a corner of the grid has its four neighbours at 1, 1, 1.41 and 2 cm, one inside at 1 cm each
    spacings = (0.01, (0.01 + 0.01 + 0.01 * math.sqrt(2) + 0.02) / 4)
    low, high = (math.sqrt(0.005**2 + 2 * spacing**2) for spacing in spacings)
    assert low - 1e-9 <= found.sigma <= high + 1e-9


def test_noise_makes_nothing_closer_on_the_surface() -> None:
    generator = np.random.default_rng(4)
    wall = generator.uniform(-0.2, 0.2, (3000, 3))
    shifts = []
    for _ in range(20):
        noisy = wall.copy()
        noisy[:, 0] = generator.normal(0, 0.003, 3000)
        nearest = noisy[np.argmax(noisy[:, 0])]
        shifts.append((nearest[0], onto_surface(noisy, nearest, 0.02)[0]))
    raw, moved = np.mean(shifts, axis=0)
    assert raw > 0.008
    assert abs(moved) < 0.0025


@pytest.mark.parametrize(('a', 'message'), [
    (np.empty((0, 3)), 'no finite point'), (np.full((3, 3), np.nan), 'no finite point'),
    (np.zeros(3), r'\(N, 3\)')])
def test_clouds_without_points_are_refused(a: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        closest_points(a, np.zeros((1, 3)))


def box_surface(size: tuple[float, ...], count: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    points = generator.uniform(-0.5, 0.5, (count, 3))
    face = generator.integers(0, 3, count)
    points[np.arange(count), face] = np.sign(points[np.arange(count), face]) * 0.5
    return points * size


@settings(max_examples=25, deadline=None)
@given(st.floats(-3, 3), st.integers(0, 100))
def test_a_turned_boxs_dimensions(yaw: float, seed: int) -> None:
    size = (0.30, 0.12, 0.20)
    center = np.array([1.0, -2.0, 0.5])
    points = box_surface(size, 6000, seed) @ rotation(yaw).T + center
    found = oriented_box(points)
    assert found.size == pytest.approx(size, rel=0.02)
    assert found.center == pytest.approx(center, abs=0.003)
    off = (found.yaw_rad - yaw) % math.pi
    assert min(off, math.pi - off) < math.radians(1.5)
    assert np.linalg.det(found.rotation) == pytest.approx(1)
    corners = (found.corners - center) @ rotation(yaw)
    assert np.abs(corners).max(axis=0) == pytest.approx(np.array(size) / 2, rel=0.05)
    assert (found.length, found.width, found.height) == tuple(found.size)


def test_strays_dont_move_a_box_and_up_is_kept() -> None:
    points = np.vstack([box_surface((0.4, 0.2, 0.1), 5000), [[3, 3, 3], [-3, 0, 0]]])
    assert oriented_box(points).size == pytest.approx((0.4, 0.2, 0.1), rel=0.02)
    sideways = oriented_box(points, up=(1.0, 0.0, 0.0))
    assert sideways.size == pytest.approx((0.2, 0.1, 0.4), rel=0.02)
    assert np.allclose(sideways.rotation[:, 2], (1, 0, 0))
    with pytest.raises(ValueError, match='at least 4'):
        oriented_box(np.zeros((3, 3)))


def test_voxels_keep_the_mean() -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (5000, 3))
    thin = cloud.voxel_downsample(np.vstack([points, [[np.nan] * 3]]), 0.25)
    assert 400 < len(thin) <= 9**3
    cells = np.floor(points / 0.25)
    for center in thin[:20]:
        inside = (cells == np.floor(center / 0.25)).all(axis=1)
        assert center == pytest.approx(points[inside].mean(axis=0))
    assert cloud.voxel_downsample(np.empty((0, 3)), 0.1).shape == (0, 3)
    with pytest.raises(ValueError, match='voxel_m'):
        cloud.voxel_downsample(points, 0)


def test_normals_face_the_camera() -> None:
    x, y = np.meshgrid(np.linspace(-1, 1, 40), np.linspace(-1, 1, 30))
    points = np.stack([x, y, 2 + 0.5 * x], axis=-1).astype(np.float32)
    points[10, 10] = np.nan
    normals = cloud.normals_from_points(points)
    expected = np.array([0.5, 0, -1]) / math.sqrt(1.25)
    known = np.isfinite(normals).all(axis=-1)
    assert normals[known] == pytest.approx(np.broadcast_to(expected, (known.sum(), 3)), abs=1e-5)
    assert known.sum() == 38 * 28 - 4
    assert not known[0].any()


def test_clusters_and_strays() -> None:
    generator = np.random.default_rng(1)
    large = generator.normal(0, 0.02, (600, 3))
    small = generator.normal(0, 0.02, (300, 3)) + np.array([0.5, 0, 0])
    points = np.vstack([large, small, [[np.nan] * 3], [[2.0, 2.0, 2.0]]])
    kept = cloud.largest_cluster(points, 0.05)
    assert kept[:600].all()
    assert not kept[600:].any()
    labels = cloud.cluster_labels(points, 0.05)
    assert labels[-2] == -1
    assert len(set(labels[labels >= 0])) == 3
    assert not cloud.inlier_mask(points)[-2:].any()
    assert len(cloud.remove_outliers(points)) > 850
    body = cloud.body_mask(points)
    assert body[:900].mean() > 0.97
    assert not body[-2:].any()
    assert not cloud.largest_cluster(np.full((4, 3), np.nan), 0.1).any()


def test_bounds_leave_out_strays() -> None:
    points = np.vstack([np.random.default_rng(0).uniform(0, 1, (9999, 3)), [[50.0, 50, 50]]])
    low, high = cloud.percentile_bounds(points)
    assert low == pytest.approx([0.02] * 3, abs=0.01)
    assert high == pytest.approx(
        [0.98] * 3, abs=0.01)
    assert np.isnan(cloud.percentile_bounds(np.empty((0, 3)))).all()


@pytest.mark.parametrize(('depth', 'sigma'), [(0.4, 0.0012), (1.4, 0.0031), (4.4, 0.0316)])
def test_depth_noise_is_the_published_curve(depth: float, sigma: float) -> None:
    assert float(depth_sigma_m(depth)) == pytest.approx(sigma)
    assert math.isnan(float(depth_sigma_m(math.nan)))


def test_what_a_camera_is_off_as_a_whole_is_a_third_of_what_makers_promise() -> None:
    assert depth_offset_sigma_m([1.0, 2.0]) == pytest.approx([0.02 / 6, 0.02 * 2 / 3])
