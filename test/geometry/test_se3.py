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


"""Rigid motions against SciPy, and their own algebra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from spatialclaw_ros.geometry import se3

finite = st.floats(-10, 10)


@st.composite
def poses(draw: st.DrawFn) -> np.ndarray:
    rotvec = np.array([draw(st.floats(-3, 3)) for _ in range(3)])
    return se3.make_transform(
        Rotation.from_rotvec(rotvec).as_matrix(), np.array([draw(finite) for _ in range(3)]))


@settings(deadline=None)
@given(poses(), poses())
def test_inverse_undoes_and_reverses_products(a: np.ndarray, b: np.ndarray) -> None:
    assert np.allclose(se3.invert(a) @ a, np.eye(4), atol=1e-12)
    assert np.allclose(se3.invert(a @ b), se3.invert(b) @ se3.invert(a), atol=1e-11)
    assert np.allclose(se3.invert(np.stack([a, b])), [se3.invert(a), se3.invert(b)])
    assert se3.is_rigid(a)


@settings(deadline=None)
@given(poses(), st.tuples(finite, finite, finite))
def test_points_move_as_homogeneous_ones(pose: np.ndarray, point: tuple[float, ...]) -> None:
    expected = (pose @ np.array([*point, 1.0]))[:3]
    assert np.allclose(se3.transform_points(pose, np.array(point)), expected, atol=1e-12)
    image = np.broadcast_to(np.array(point, dtype=np.float32), (2, 3, 3))
    moved = se3.transform_points(pose, image)
    assert moved.dtype == np.float32
    assert np.allclose(moved, expected, atol=1e-4)


@settings(deadline=None)
@given(poses(), poses(), st.floats(0, 1))
def test_interpolation_is_slerp_and_a_line(a: np.ndarray, b: np.ndarray, alpha: float) -> None:
    between = se3.interpolate(a, b, alpha)
    slerp = Slerp([0, 1], Rotation.from_matrix([a[:3, :3], b[:3, :3]]))
    assert np.allclose(between[:3, :3], slerp(alpha).as_matrix(), atol=1e-9)
    assert np.allclose(between[:3, 3], (1 - alpha) * a[:3, 3] + alpha * b[:3, 3], atol=1e-12)


@settings(deadline=None)
@given(poses())
def test_quaternions_go_there_and_back(pose: np.ndarray) -> None:
    quat = se3.matrix_to_quat_xyzw(pose[:3, :3])
    assert quat[3] >= 0
    assert np.isclose(np.linalg.norm(quat), 1)
    assert np.allclose(se3.quat_xyzw_to_matrix(quat * 3), pose[:3, :3], atol=1e-9)


@pytest.mark.parametrize('quat', [(0, 0, 0, 0), (0, 0, np.nan, 1), (1, 0, 0)])
def test_a_bad_quaternion_is_refused(quat: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match='quaternion'):
        se3.quat_xyzw_to_matrix(np.array(quat, dtype=float))


@pytest.mark.parametrize(('eye', 'target', 'right', 'down'), [
    # along world x: left in the world is left in the picture
    ((0, 0, 1), (5, 0, 1), (0, -1, 0), (0, 0, -1)),
    ((0, 0, 1), (0, 3, 1), (1, 0, 0), (0, 0, -1)),
    # straight down: world x is up in the picture
    ((0, 0, 2), (0, 0, 0), (0, -1, 0), (-1, 0, 0)),
])
def test_look_at(eye: tuple, target: tuple, right: tuple, down: tuple) -> None:
    pose = se3.look_at(np.array(eye), np.array(target))
    assert se3.is_rigid(pose)
    assert np.allclose(pose[:3, 0], right)
    assert np.allclose(pose[:3, 1], down)
    ahead = se3.transform_points(se3.invert(pose), np.array(target, dtype=float))
    assert np.allclose(ahead, [0, 0, np.linalg.norm(np.subtract(target, eye))])


def test_look_at_itself_is_refused() -> None:
    with pytest.raises(ValueError, match='must differ'):
        se3.look_at(np.zeros(3), np.zeros(3))


@pytest.mark.parametrize('broken', [
    np.diag([1, 1, -1, 1.0]), np.diag([2, 2, 2, 1.0]), np.full((4, 4), np.nan), np.eye(3)])
def test_what_is_not_rigid(broken: np.ndarray) -> None:
    assert not se3.is_rigid(broken)
