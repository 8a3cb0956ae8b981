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


"""Projection and distortion against OpenCV, and back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.distortion import valid_radius

PLUMB = (0.12, -0.25, 0.001, -0.002, 0.08)
RATIONAL = (8.2, 4.1, 0.0003, -0.0001, 0.2, 8.5, 6.1, 1.3)
FISHEYE = (-0.01, 0.03, -0.02, 0.004)


def camera(distortion: tuple[float, ...] = (), model: str = 'plumb_bob') -> PinholeCamera:
    return PinholeCamera(640, 480, 525.0, 530.0, 322.0, 236.5, distortion, model)


def some_points(spread: float = 0.55) -> np.ndarray:
    generator = np.random.default_rng(3)
    depth = generator.uniform(0.3, 6, 500)
    return np.stack([
        generator.uniform(-spread, spread, 500) * depth,
        generator.uniform(-spread, spread, 500) * depth, depth], axis=1)


@pytest.mark.parametrize('distortion', [
    (), PLUMB, PLUMB[:4], (0.0,) * 5, RATIONAL, (*RATIONAL, 0.01, -0.02, 0.005, 0.01)])
def test_projection_is_opencvs(distortion: tuple[float, ...]) -> None:
    model = 'plumb_bob' if len(distortion) <= 5 else 'rational_polynomial'
    points = some_points()
    expected, _ = cv2.projectPoints(
        points, np.zeros(3), np.zeros(3), camera().matrix, np.array(distortion or [0.0] * 4))
    assert np.allclose(camera(distortion, model).project(points), expected[:, 0], atol=1e-9)


def test_equidistant_projection_is_opencvs_fisheye() -> None:
    points = some_points(1.5)
    expected, _ = cv2.fisheye.projectPoints(
        points[:, None], np.zeros(3), np.zeros(3), camera().matrix, np.array(FISHEYE))
    found = camera(FISHEYE, 'equidistant').project(points)
    assert np.allclose(found, expected[:, 0], atol=1e-9)


@pytest.mark.parametrize(('distortion', 'model'), [
    ((), 'plumb_bob'), (PLUMB, 'plumb_bob'), (RATIONAL, 'rational_polynomial'),
    ((*RATIONAL, 0.01, -0.02, 0.005, 0.01), 'rational_polynomial'),
    (FISHEYE, 'equidistant'), ((), 'equidistant')])
def test_every_pixel_goes_to_a_ray_and_back(distortion: tuple[float, ...], model: str) -> None:
    cam = camera(distortion, model)
    x, y = np.meshgrid(np.arange(640), np.arange(480))
    pixels = cam.project(cam.rays().reshape(-1, 3)).reshape(480, 640, 2)
    assert np.abs(pixels - np.stack([x, y], axis=-1)).max() < 1e-3


@settings(max_examples=30, deadline=None)
@given(
    k1=st.floats(-0.3, 0.3), k2=st.floats(-0.1, 0.1), p1=st.floats(-0.005, 0.005),
    f=st.floats(300, 900))
def test_unprojected_depth_projects_to_its_pixel(
    k1: float, k2: float, p1: float, f: float,
) -> None:
    cam = PinholeCamera(64, 48, f / 10, f / 10, 31.0, 24.0, (k1, k2, p1, 0.0, 0.0))
    points = cam.unproject(np.full((48, 64), 2.5, dtype=np.float32)).reshape(-1, 3)
    known = np.isfinite(points).all(axis=1)
    x, y = np.meshgrid(np.arange(64), np.arange(48))
    pixels = np.stack([x.ravel(), y.ravel()], axis=1)
    assert known[24 * 64 + 31]
    assert np.abs(cam.project(points[known]) - pixels[known]).max() < 1e-3
    assert np.allclose(points[known][:, 2], 2.5)


def test_what_cannot_be_known_is_nan() -> None:
    assert np.isnan(camera().project(np.array([[0, 0, -1], [1, 1, 0]]))).all()
    depth = np.full((480, 640), 1.0, dtype=np.float32)
    depth[:4, 0] = (0, -1, np.nan, np.inf)
    points = camera().unproject(depth)
    assert np.isnan(points[:4, 0]).all()
    assert np.isfinite(points[4:]).all()
    barrel = (-0.4, 0.0, 0.0, 0.0, 0.0)  # folds back at r^2 = 1 / 1.2
    assert valid_radius('plumb_bob', barrel) == pytest.approx((1 / 1.2)**0.5, abs=0.006)
    folded = camera(barrel).project(np.array([[1.5, 0, 1.0], [0.5, 0, 1.0]]))
    assert np.isnan(folded[0]).all()
    assert np.isfinite(folded[1]).all()
    assert np.isnan(camera(barrel).rays_at(np.array([[900.0, 236.5]]))).all()


def test_scaled_keeps_directions() -> None:
    small = camera(PLUMB).scaled(320, 240)
    points = some_points(0.3)
    # pixel centres: the left edge, -0.5, stays the left edge
    assert np.allclose(
        (small.project(points) + 0.5) * 2, camera(PLUMB).project(points) + 0.5, atol=1e-9)
    assert camera(PLUMB).rectified().project(points) == pytest.approx(camera().project(points))


@pytest.mark.parametrize(('change', 'message'), [
    ({'fx': 0.0}, 'fx must be a positive'), ({'fy': float('nan')}, 'fy must be a positive'),
    ({'width': 0}, 'image size'), ({'cx': float('inf')}, 'cx and cy'),
    ({'model': 'fov'}, 'distortion model'), ({'distortion': (0.1, 0.2)}, 'coefficients'),
    ({'distortion': (float('nan'),) * 5}, 'finite'),
])
def test_bad_intrinsics_are_refused(change: dict, message: str) -> None:
    good = {'width': 64, 'height': 48, 'fx': 50.0, 'fy': 50.0, 'cx': 32.0, 'cy': 24.0}
    with pytest.raises(ValueError, match=message):
        PinholeCamera(**{**good, **change})


def test_a_depth_image_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r'\(480, 640\)'):
        camera().unproject(np.ones((240, 320), dtype=np.float32))


def test_one_pixel_without_a_ray_costs_no_other_its_own() -> None:
    pixels = np.array([[300.0, 200.0], [np.nan, 1.0], [1e6, 1e6]])
    rays = camera((-0.4, 0.0, 0.0, 0.0, 0.0)).rays_at(pixels)
    assert np.isfinite(rays[0]).all()
    assert np.isnan(rays[1:]).all()
