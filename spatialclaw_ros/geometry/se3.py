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


"""Rigid motions as (4, 4) matrices: `T_target_source` maps source points into the target frame."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.transform import Rotation

_PARALLEL = 1e-6


def make_transform(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Put a rotation and a translation together.

    Args:
        rotation: (3, 3).
        translation: (3,) metres.

    Returns:
        (4, 4) float64.
    """
    transform = np.eye(4)
    transform[:3, :3] = rotation
    transform[:3, 3] = translation
    return transform


def invert(transform: np.ndarray) -> np.ndarray:
    """Inverse of rigid transforms, (..., 4, 4): `T_b_a` from `T_a_b`."""
    transform = np.asarray(transform, dtype=np.float64)
    rotation = np.swapaxes(transform[..., :3, :3], -1, -2)
    inverse = np.zeros_like(transform)
    inverse[..., :3, :3] = rotation
    inverse[..., :3, 3] = -(rotation @ transform[..., :3, 3, None])[..., 0]
    inverse[..., 3, 3] = 1.0
    return inverse


def transform_points(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points into another frame.

    Args:
        transform: (4, 4) `T_target_source`.
        points: (..., 3) in the source frame; NaN stays NaN.

    Returns:
        (..., 3) in the target frame; float32 stays float32, all else becomes float64.

    Raises:
        ValueError: the shapes are others.
    """
    transform = np.asarray(transform)
    points = np.asarray(points)
    if transform.shape != (4, 4):
        raise ValueError(f'a transform is a (4, 4) matrix, got {transform.shape}')
    if points.ndim == 0 or points.shape[-1] != 3:
        raise ValueError(f'points must be (..., 3), got {points.shape}')
    dtype = np.float32 if points.dtype == np.float32 else np.float64
    rotation = transform[:3, :3].astype(dtype)
    moved = np.matmul(points.astype(dtype, copy=False), rotation.T)
    return np.asarray(np.add(moved, transform[:3, 3].astype(dtype), out=moved))


def interpolate(transform_a: np.ndarray, transform_b: np.ndarray, alpha: float) -> np.ndarray:
    """Pose between two poses, as tf2 does it: translation on a line, rotation by slerp.

    Args:
        transform_a: (4, 4) at alpha 0.
        transform_b: (4, 4) at alpha 1.
        alpha: 0 to 1.

    Returns:
        (4, 4) float64.
    """
    rotation_a = Rotation.from_matrix(transform_a[:3, :3])
    between = rotation_a.inv() * Rotation.from_matrix(transform_b[:3, :3])
    turned = rotation_a * Rotation.from_rotvec(between.as_rotvec() * alpha)
    translation = (1.0 - alpha) * transform_a[:3, 3] + alpha * transform_b[:3, 3]
    return make_transform(turned.as_matrix(), translation)


def quat_xyzw_to_matrix(quat_xyzw: np.ndarray) -> np.ndarray:
    """Rotation matrix (3, 3) of a quaternion in ROS' order; it is normalised first.

    Raises:
        ValueError: not four finite numbers, or all of them zero.
    """
    quat = np.asarray(quat_xyzw, dtype=np.float64)
    norm = float(np.linalg.norm(quat)) if quat.shape == (4,) else math.nan
    if not math.isfinite(norm) or norm < _PARALLEL:
        raise ValueError(f'a quaternion is four finite numbers x, y, z, w, not all 0, got {quat}')
    return np.asarray(Rotation.from_quat(quat / norm).as_matrix())


def matrix_to_quat_xyzw(rotation: np.ndarray) -> np.ndarray:
    """Quaternion (4,) x, y, z, w with w >= 0 of a rotation matrix (3, 3)."""
    quat = Rotation.from_matrix(np.asarray(rotation, dtype=np.float64)).as_quat()
    return np.asarray(-quat if quat[3] < 0 else quat)


def look_at(
    eye: np.ndarray, target: np.ndarray, up: tuple[float, float, float] = (0.0, 0.0, 1.0),
) -> np.ndarray:
    """Pose of a camera that looks at a point.

    Args:
        eye: (3,) where the camera is, world.
        target: (3,) what it looks at, world.
        up: direction that is up in the picture; for a view along it, world x is up instead.

    Returns:
        (4, 4) `T_world_camera` of the optical frame (z forward, x right, y down).

    Raises:
        ValueError: eye and target are the same point.
    """
    eye = np.asarray(eye, dtype=np.float64)
    forward = np.asarray(target, dtype=np.float64) - eye
    distance = float(np.linalg.norm(forward))
    if not distance > 0:
        raise ValueError(f'eye and target must differ, both are {eye}')
    forward /= distance
    right = np.cross(forward, np.asarray(up, dtype=np.float64))
    if np.linalg.norm(right) < _PARALLEL:
        right = np.cross(forward, (1.0, 0.0, 0.0))
    if np.linalg.norm(right) < _PARALLEL:
        right = np.cross(forward, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    return make_transform(np.stack([right, down, forward], axis=1), eye)


def is_rigid(transform: np.ndarray, tolerance: float = 1e-6) -> bool:
    """Whether a matrix is (4, 4), finite, and a rotation (no mirror, no scale) with translation."""
    transform = np.asarray(transform, dtype=np.float64)
    if transform.shape != (4, 4) or not np.isfinite(transform).all():
        return False
    rotation = transform[:3, :3]
    return bool(
        np.allclose(rotation @ rotation.T, np.eye(3), atol=tolerance)
        and np.linalg.det(rotation) > 0
        and np.allclose(transform[3], (0.0, 0.0, 0.0, 1.0), atol=tolerance))
