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


"""`tools.Geometry` on the exact scene, against independent formulas."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from analytic_scene import CAMERA, RED_BOX, make_scene
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from spatialclaw_ros.workspace.points import PointArray
from spatialclaw_ros.workspace.tools.geometry import Geometry

GEOMETRY = Geometry()
FOUND = (
    'G = tools.Geometry\nrecon = tools.Reconstruct()\n'
    'seg = tools.SAM3.segment_video_by_text(["red box", "blue ball", "table"])\n'
    'box, ball, table = (seg.get_masked_points(recon, None, n) for n in range(3))\n')
vectors = st.tuples(*(st.floats(-5, 5) for _ in range(3))).filter(
    lambda v: np.linalg.norm(v) > 0.1)


def test_closest_points_of_box_and_ball(cell) -> None:
    found = cell.run(FOUND + 'out = G.closest_points(box, ball)')
    # face y = 0.12 of the box and a ball of 5 cm at (1.05, -0.25): its edge x = 1.00 is nearest
    edge = np.array([1.00, 0.12])
    expected = np.linalg.norm(edge - [1.05, -0.25]) - 0.05
    # what the cameras see of both: within a pixel or two (4 mm each) at 1.2 m
    assert found.distance == pytest.approx(expected, abs=0.01)
    assert found.distance >= expected - 1e-4
    assert 0.002 < found.sigma < 0.01
    assert found.point_a[1] == pytest.approx(0.12, abs=0.005)
    distance, *_ = found
    assert distance == found.distance


def test_noise_does_not_bias_the_distance_and_sigma_tells_it(new_cell) -> None:
    expected = np.linalg.norm(np.array([1.00, 0.12]) - [1.05, -0.25]) - 0.05
    found = new_cell(make_scene(noise_m=0.003)).run(FOUND + 'out = G.closest_points(box, ball)')
    assert abs(found.distance - expected) < 3 * found.sigma
    assert found.sigma < 0.015


def test_sizes_and_heights(cell) -> None:
    box = cell.run(FOUND + 'out = G.oriented_box(box)')
    # three faces are seen, the far ones not: x reaches the edge of the top
    assert sorted(box.size[:2]) == pytest.approx(sorted(RED_BOX.size[:2]), abs=0.008)
    assert box.height == pytest.approx(0.10, abs=0.006)
    assert box.center == pytest.approx(RED_BOX.center, abs=0.006)
    plane = cell.run('out = plane = G.fit_ground_plane_ransac(table)')
    assert plane.normal == pytest.approx((0, 0, 1), abs=1e-5)
    assert plane.offset == pytest.approx(-0.72, abs=1e-5)
    _, offset = plane
    assert offset == plane.offset
    assert cell.run('out = G.height_above(ball, plane)') == pytest.approx(0.10, abs=0.003)
    assert cell.run('out = G.extent(box, "y")') == pytest.approx(0.16, abs=0.005)
    assert cell.run('out = G.extent(box, (0, 0, 2))') == pytest.approx(0.10, abs=0.006)
    floor = cell.run('out = G.fit_ground_plane_ransac(recon.points[0], up=(0, 0, 1))')
    assert floor.normal[2] > 0.999


def test_the_plane_of_all_frames_is_that_of_their_stack(cell) -> None:
    cell.run(FOUND + 'fit = G.fit_ground_plane_ransac\n')
    stacked = cell.run('out = fit(recon.points.points)')
    for points in ('recon.points', '[recon.points[f] for f in recon.frame_indices]',
                   'np.asarray(recon.points)'):
        plane = cell.run(f'out = fit({points})')
        assert (plane.normal.tolist(), plane.offset) == (stacked.normal.tolist(), stacked.offset)
    assert cell.run('out = fit([(0, 0, 1), (1, 0, 1), (0, 1, 1), (2, 3, 1)])').offset == -1


def test_projection_is_the_cameras(cell) -> None:
    uvz = cell.run(
        FOUND + 'out = G.project_point_to_camera(ball, recon.extrinsics[2], recon.intrinsics[2])')
    frame = cell.scene.observation.frames[2]
    pose = np.linalg.inv(frame.T_world_camera)
    rotation, _ = cv2.Rodrigues(pose[:3, :3])
    expected, _ = cv2.projectPoints(
        np.asarray(cell.scope['ball'], dtype=np.float64), rotation, pose[:3, 3], CAMERA.matrix,
        np.zeros(4))
    assert uvz[:, :2] == pytest.approx(expected[:, 0], abs=1e-4)
    one = cell.run('out = G.project_point_to_camera(ball[0], recon.extrinsics[2], '
                   'np.array([[280, 0, 159.5], [0, 280, 119.5], [0, 0, 1]]))')
    assert one == pytest.approx(uvz[0])
    behind = cell.run('out = G.project_point_to_camera((-5, 0, 1), recon.extrinsics[2], '
                      'recon.intrinsics[2])')
    assert np.isnan(behind[:2]).all()
    assert behind[2] < 0


@settings(deadline=None)
@given(vectors, vectors)
@example((0.0, 1.0, 1e-5), (0.0, -1.0, 0.0))
def test_vectors(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    rotation = GEOMETRY.rotation_matrix_from_vectors(a, b)
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
    turned = rotation @ np.array(a) / np.linalg.norm(a)
    assert turned == pytest.approx(np.array(b) / np.linalg.norm(b), abs=1e-6)
    angle = GEOMETRY.angle_between_vectors(a, b)
    cosine = np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)
    assert angle == pytest.approx(math.acos(np.clip(cosine, -1, 1)), abs=2e-7)
    assert Rotation.from_matrix(rotation).magnitude() == pytest.approx(angle, abs=1e-5)
    assert GEOMETRY.angle_between_vectors(a, b, degrees=True) == pytest.approx(
        math.degrees(angle))
    assert GEOMETRY.euclidean_distance(a, b) == pytest.approx(math.dist(a, b))


def test_opposite_vectors() -> None:
    for axis in np.eye(3):
        assert GEOMETRY.rotation_matrix_from_vectors(axis, -axis) @ axis == pytest.approx(-axis)


def test_transform_keeps_noise_and_reads_either_order() -> None:
    pose = np.eye(4)
    pose[:3, 3] = (1, 2, 3)
    points = PointArray.make(np.zeros((2, 3)), np.array([1.0, 2.0]))
    moved = GEOMETRY.transform_points(points, pose)
    assert np.asarray(moved).tolist() == [[1, 2, 3]] * 2
    assert moved.sigma == pytest.approx(points.sigma)
    assert GEOMETRY.transform_points(pose, (0, 0, 1)).tolist() == [1, 2, 4]


def test_sigma_of_plain_points_is_unknown() -> None:
    assert math.isnan(GEOMETRY.closest_points((0, 0, 0), [(0, 0, 1), (0, 2, 0)]).sigma)


@pytest.mark.parametrize(('coordinates', 'size', 'expected'), [
    ('The mug is at (512, 300).', (640, 480), (327.68, 144.0)),
    ('[{"bbox_2d": [100, 200, 300, 400], "label": "mug"}]', (640, 480), (64, 96, 192, 192)),
    ('(0, 0) and (1000,1000)', (640, 480), [(0, 0), (639, 479)]),
    ('500, 500', (640, 480), (320, 240)),
    ((500, 250), (640, 480), (320, 120)),
    ([[0, 0, 500, 500], [500, 500, 1000, 1000]], (640, 480),
     [(0, 0, 320, 240), (320, 240, 639, 479)]),
])
def test_normalized_coordinates(coordinates, size: tuple, expected) -> None:
    for picture in (np.zeros((size[1], size[0], 3), dtype=np.uint8), size):
        found = GEOMETRY.normalized_to_pixel(coordinates, picture)
        assert np.asarray(found) == pytest.approx(np.asarray(expected))
    assert np.asarray(GEOMETRY.normalized_to_pixel(coordinates, *size)) == pytest.approx(
        np.asarray(expected))


def test_normalized_coordinates_as_four_numbers(cell) -> None:
    assert GEOMETRY.normalized_to_pixel(500, 500, 640, 480) == (320, 240)
    assert GEOMETRY.normalized_to_pixel((500, 500), width=640, height=480) == (320, 240)
    assert cell.run('out = tools.Geometry.normalized_to_pixel("(500, 500)", InputImages[0])') == (
        160, 120)


@pytest.mark.parametrize(('call', 'message'), [
    (lambda: GEOMETRY.normalized_to_pixel('no mug here', (640, 480)), 'may not have found'),
    (lambda: GEOMETRY.normalized_to_pixel((1500, 20), (640, 480)), 'pixels already'),
    (lambda: GEOMETRY.normalized_to_pixel((500, 20)), 'the image is needed'),
    (lambda: GEOMETRY.closest_points(np.full((3, 3), np.nan), [(0, 0, 1)]), 'known depth'),
    (lambda: GEOMETRY.closest_points([(0, 0)], [(0, 0, 1)]), r'\(N, 3\) world points'),
    (lambda: GEOMETRY.euclidean_distance((0, 0, np.nan), (1, 1, 1)), 'no depth'),
    (lambda: GEOMETRY.angle_between_vectors((0, 0, 0), (1, 1, 1)), 'no direction'),
    (lambda: GEOMETRY.rotation_matrix_from_vectors((1, 0, 0), (0, 0, 0)), 'no direction'),
    (lambda: GEOMETRY.extent(np.eye(3), axis=(0, 0, 0)), 'no direction'),
    (lambda: GEOMETRY.oriented_box(np.zeros((2, 3))), 'at least 4'),
    (lambda: GEOMETRY.extent(np.zeros((9, 3)), 'up'), 'axis'),
    (lambda: GEOMETRY.transform_points(np.zeros((9, 3)), np.eye(3)), r'\(4, 4\)'),
])
def test_wrong_numbers_teach(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
