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


"""Two sets of poses of the same cameras: few of them, on a line, in one place, some wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spatialclaw_ros.geometry.se3 import invert, look_at, make_transform
from spatialclaw_ros.geometry.similarity import align_poses, rotation_angles

SCALE = 2.6
TURN = Rotation.from_rotvec([0.3, -1.1, 0.7]).as_matrix()
SHIFT = np.array([0.4, -2.0, 1.1])


def cameras(kind: str, count: int) -> np.ndarray:
    """Poses in the target."""
    angle = np.linspace(0, 1.2, count)
    line = np.linspace(0, 0.6, count)
    eyes = {'arc': np.stack([-np.cos(angle), np.sin(angle), 1.2 + 0.1 * np.sin(3 * angle)], 1),
            'line': np.stack([np.full(count, -1.0), line, np.full(count, 1.2)], 1),
            'place': np.tile([-1.0, 0.1, 1.2], (count, 1))}[kind]
    targets = np.array([0.3, 0.0, 0.7]) + 0.1 * np.sin(np.arange(count * 3)).reshape(count, 3)
    return np.stack([look_at(eye, target) for eye, target in zip(eyes, targets)])


def in_source(target: np.ndarray) -> np.ndarray:
    source = target.copy()
    source[:, :3, :3] = TURN.T @ target[:, :3, :3]
    source[:, :3, 3] = (target[:, :3, 3] - SHIFT) @ TURN / SCALE
    return source


@pytest.mark.parametrize(('kind', 'count'), [
    ('arc', 2), ('arc', 3), ('arc', 4), ('arc', 32), ('line', 2), ('line', 3), ('line', 32)])
def test_exact_for_few_and_for_a_line(kind: str, count: int) -> None:
    target = cameras(kind, count)
    found = align_poses(in_source(target), target)
    assert found.scale == pytest.approx(SCALE, rel=1e-9)
    assert found.rotation == pytest.approx(TURN, abs=1e-9)
    assert found.pose(in_source(target)) == pytest.approx(target, abs=1e-9)
    assert found.inliers.all()
    assert found.residual_m.max() < 1e-9


@pytest.mark.parametrize(('kind', 'count'), [('arc', 1), ('place', 5)])
def test_one_place_tells_the_rotation_alone(kind: str, count: int) -> None:
    target = cameras(kind, count)
    found = align_poses(in_source(target), target)
    assert math.isnan(found.scale)
    assert found.rotation == pytest.approx(TURN, abs=1e-9)
    assert found.residual_m.max() < 1e-9
    known = align_poses(in_source(target), target, scale=SCALE)
    assert known.pose(in_source(target)) == pytest.approx(target, abs=1e-9)


@pytest.mark.parametrize('kind', ['arc', 'line'])
@pytest.mark.parametrize('count', [4, 10, 32])
def test_noise_and_three_wrong_poses_in_ten(kind: str, count: int) -> None:
    generator = np.random.default_rng(3)
    target = cameras(kind, count)
    source = in_source(target)
    source[:, :3, 3] += generator.normal(0, 0.003 / SCALE, (count, 3))
    for pose in source:
        pose[:3, :3] = Rotation.from_rotvec(
            generator.normal(0, math.radians(0.3), 3)).as_matrix() @ pose[:3, :3]
    wrong = generator.choice(count, int(0.3 * count), replace=False)
    for index in wrong:
        step = make_transform(
            Rotation.from_rotvec(generator.normal(0, 0.5, 3)).as_matrix(),
            generator.normal(0, 0.5, 3))
        target[index] = step @ target[index]
    found = align_poses(source, target)
    assert not found.inliers[wrong].any()
    assert found.inliers.sum() == count - len(wrong)
    assert found.scale == pytest.approx(SCALE, rel=0.02)
    assert math.degrees(rotation_angles(found.rotation.T[None] @ TURN)[0]) < 0.4


def test_residual_of_one_wrong_pose_is_its_error() -> None:
    target = cameras('arc', 6)
    source = in_source(target)
    off = make_transform(
        Rotation.from_rotvec([0, 0, math.radians(5)]).as_matrix(), np.zeros(3))
    target[2] = target[2] @ off
    target[2, :3, 3] += (0.06, 0.0, 0.08)
    found = align_poses(source, target)
    assert found.residual_m[2] == pytest.approx(0.10, abs=1e-6)
    assert math.degrees(found.residual_rad[2]) == pytest.approx(5.0, abs=1e-4)
    assert np.delete(found.residual_m, 2).max() < 1e-6
    assert list(found.inliers) == [True, True, False, True, True, True]


def test_angles_are_exact_when_small() -> None:
    wanted = np.array([0.0, 1e-9, 1e-4, 1.0, math.pi - 1e-6, math.pi])
    turns = Rotation.from_rotvec(wanted[:, None] * [[0.0, 0.6, 0.8]]).as_matrix()
    assert rotation_angles(turns) == pytest.approx(wanted, abs=1e-12, rel=1e-5)


def test_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r'\(2, 4, 4\) and \(3, 4, 4\)'):
        align_poses(np.tile(np.eye(4), (2, 1, 1)), invert(np.tile(np.eye(4), (3, 1, 1))))
