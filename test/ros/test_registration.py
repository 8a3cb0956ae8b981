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

"""Depth brought to the colour camera, against surfaces whose depth is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.errors import MissingPriorError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import make_transform
from spatialclaw_ros.ros.registration import register_depth, resize_depth

DEPTH = PinholeCamera(160, 120, 150.0, 150.0, 79.5, 59.5)
COLORS = {
    'same size': PinholeCamera(160, 120, 150.0, 150.0, 79.5, 59.5),
    'twice the size': PinholeCamera(320, 240, 310.0, 305.0, 158.0, 121.0),
    'four times the size': PinholeCamera(640, 480, 600.0, 600.0, 319.5, 239.5),
    'half the size': PinholeCamera(80, 60, 75.0, 75.0, 39.5, 29.5),
    'distorted': PinholeCamera(
        320, 240, 310.0, 305.0, 158.0, 121.0, distortion=(0.08, -0.05, 0.001, 0.001, 0.0))}
OFFSET = make_transform(
    np.array([[0.9998, 0.0, 0.02], [0.0, 1.0, 0.0], [-0.02, 0.0, 0.9998]]),
    np.array([0.05, -0.01, 0.003]))


def plane_depth(camera, normal, offset, T_camera_depth=None):
    """Depth image of the plane n . p = offset of the depth camera, seen by a camera; exact."""
    T = np.eye(4) if T_camera_depth is None else T_camera_depth
    turned = T[:3, :3] @ normal
    moved = offset + turned @ T[:3, 3]
    with np.errstate(divide='ignore'):
        depth = moved / (camera.rays() @ turned)
    return np.where(depth > 0, depth, np.nan).astype(np.float32)


@pytest.mark.parametrize('name', COLORS)
@pytest.mark.parametrize('normal', [(0.0, 0.0, 1.0), (0.3, -0.2, 0.9)])
def test_plane_has_no_cracks_and_the_right_depth(name, normal):
    color = COLORS[name]
    normal = np.array(normal) / np.linalg.norm(normal)
    got = register_depth(plane_depth(DEPTH, normal, 1.5), DEPTH, color, OFFSET)
    exact = plane_depth(color, normal, 1.5, OFFSET)
    assert got.dtype == np.float32
    assert got.shape == (color.height, color.width)
    inner = (slice(color.height // 8, -color.height // 8), slice(color.width // 8,
                                                                 -color.width // 8))
    assert np.isfinite(got[inner]).all()
    # Nearest neighbour: at most half a depth pixel off along the slope of the plane.
    assert np.abs(got[inner] - exact[inner]).max() < 0.008
    assert abs(np.median(got[inner] - exact[inner])) < 0.0015


@pytest.mark.parametrize('name', COLORS)
def test_background_does_not_bleed_through_a_near_box(name):
    color = COLORS[name]
    depth = np.full((120, 160), 3.0, np.float32)
    depth[40:80, 50:110] = 0.8
    got = register_depth(depth, DEPTH, color, OFFSET)
    corners = np.array([
        ((x - DEPTH.cx) / DEPTH.fx * 0.8, (y - DEPTH.cy) / DEPTH.fy * 0.8, 0.8)
        for x in (52, 107) for y in (42, 77)])
    seen = color.project(corners @ OFFSET[:3, :3].T + OFFSET[:3, 3])
    left, top = np.ceil(seen.min(axis=0)).astype(int)
    right, bottom = np.floor(seen.max(axis=0)).astype(int)
    inside = got[max(top, 0) + 1:bottom, max(left, 0) + 1:right]
    assert inside.size > 100
    assert (inside < 0.9).all()


def test_what_the_depth_camera_cannot_see_is_a_hole():
    depth = np.full((120, 160), 3.0, np.float32)
    depth[:, :60] = 0.6
    moved = make_transform(np.eye(3), np.array([0.1, 0.0, 0.0]))
    got = register_depth(depth, DEPTH, COLORS['same size'], moved)
    # The near half ends at column 59.5 and moves by 25 pixels, the far one by 5.
    shadow = int(59.5 + 0.1 * 150 / 0.6)
    assert np.nanmax(got[60, 30:shadow - 1]) < 0.7
    assert np.nanmin(got[60, shadow + 2:]) > 2.9


def test_holes_stay_and_nothing_behind_the_camera_is_drawn():
    depth = np.full((120, 160), np.nan, np.float32)
    assert np.isnan(register_depth(depth, DEPTH, DEPTH, np.eye(4))).all()
    depth[60, 80] = 1.0
    got = register_depth(depth, DEPTH, DEPTH, np.eye(4))
    assert np.argwhere(np.isfinite(got)).tolist() == [[60, 80]]
    behind = make_transform(np.eye(3), np.array([0.0, 0.0, -2.0]))
    assert np.isnan(register_depth(depth, DEPTH, DEPTH, behind)).all()


def test_same_camera_same_image():
    rng = np.random.default_rng(0)
    depth = rng.uniform(1.0, 1.04, (120, 160)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.2] = np.nan
    np.testing.assert_array_equal(register_depth(depth, DEPTH, DEPTH, np.eye(4)), depth)


def test_resize_makes_no_depth_up():
    depth = np.array([[1.0, 5.0], [np.nan, 2.0]], np.float32)
    got = resize_depth(depth, 8, 8)
    assert got.shape == (8, 8)
    known = got[np.isfinite(got)]
    assert set(known) == {1.0, 2.0, 5.0}
    assert np.isnan(got[4:, :4]).all()
    np.testing.assert_array_equal(resize_depth(got, 2, 2), depth)


def test_resize_to_another_shape_is_refused():
    with pytest.raises(MissingPriorError, match='another shape'):
        resize_depth(np.ones((480, 640), np.float32), 640, 640)
