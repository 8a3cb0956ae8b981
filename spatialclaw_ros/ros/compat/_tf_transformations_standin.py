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

"""Stand-in for `tf_transformations`: its functions for rigid motions, over transforms3d.

Quaternions are x, y, z, w as everywhere in ROS; transforms3d has w first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import transforms3d

Numbers = Sequence[float] | np.ndarray
_TINY = 1e-12


def identity_matrix() -> np.ndarray:
    """(4, 4) identity."""
    return np.identity(4)


def translation_matrix(direction: Numbers) -> np.ndarray:
    """(4, 4) matrix that moves by a vector."""
    matrix = np.identity(4)
    matrix[:3, 3] = direction[:3]
    return matrix


def translation_from_matrix(matrix: np.ndarray) -> np.ndarray:
    """(3,) translation of a (4, 4) matrix."""
    return np.array(matrix, copy=True)[:3, 3]


def rotation_matrix(angle: float, direction: Numbers, point: Numbers | None = None) -> np.ndarray:
    """(4, 4) matrix that turns about an axis through the origin or a point, radians."""
    return np.asarray(transforms3d.axangles.axangle2aff(direction, angle, point))


def euler_matrix(ai: float, aj: float, ak: float, axes: str = 'sxyz') -> np.ndarray:
    """(4, 4) matrix of Euler angles, radians."""
    matrix = np.identity(4)
    matrix[:3, :3] = transforms3d.euler.euler2mat(ai, aj, ak, axes=axes)
    return matrix


def euler_from_matrix(matrix: np.ndarray, axes: str = 'sxyz') -> tuple[float, float, float]:
    """Euler angles of a matrix, radians."""
    return tuple(transforms3d.euler.mat2euler(np.asarray(matrix)[:3, :3], axes=axes))


def euler_from_quaternion(quaternion: Numbers, axes: str = 'sxyz') -> tuple[float, float, float]:
    """Euler angles of a quaternion, radians."""
    return tuple(transforms3d.euler.quat2euler(_w_first(quaternion), axes=axes))


def quaternion_from_euler(ai: float, aj: float, ak: float, axes: str = 'sxyz') -> np.ndarray:
    """(4,) quaternion of Euler angles, radians."""
    return _w_last(transforms3d.euler.euler2quat(ai, aj, ak, axes=axes))


def quaternion_about_axis(angle: float, axis: Numbers) -> np.ndarray:
    """(4,) quaternion of a turn about an axis, radians."""
    return _w_last(transforms3d.quaternions.axangle2quat(axis, angle))


def quaternion_matrix(quaternion: Numbers) -> np.ndarray:
    """(4, 4) matrix of a quaternion."""
    matrix = np.identity(4)
    matrix[:3, :3] = transforms3d.quaternions.quat2mat(_w_first(quaternion))
    return matrix


def quaternion_from_matrix(matrix: np.ndarray) -> np.ndarray:
    """(4,) quaternion of a (4, 4) or (3, 3) matrix."""
    return _w_last(transforms3d.quaternions.mat2quat(np.asarray(matrix)[:3, :3]))


def quaternion_multiply(quaternion1: Numbers, quaternion0: Numbers) -> np.ndarray:
    """(4,) product: first `quaternion0`, then `quaternion1`."""
    return _w_last(transforms3d.quaternions.qmult(_w_first(quaternion1), _w_first(quaternion0)))


def quaternion_conjugate(quaternion: Numbers) -> np.ndarray:
    """(4,) conjugate."""
    return _w_last(transforms3d.quaternions.qconjugate(_w_first(quaternion)))


def quaternion_inverse(quaternion: Numbers) -> np.ndarray:
    """(4,) inverse."""
    return _w_last(transforms3d.quaternions.qinverse(_w_first(quaternion)))


def quaternion_slerp(
    quat0: Numbers, quat1: Numbers, fraction: float, spin: int = 0, shortestpath: bool = True,
) -> np.ndarray:
    """(4,) quaternion between two."""
    first, second = unit_vector(quat0), unit_vector(quat1)
    dot = float(np.clip(np.dot(first, second), -1.0, 1.0))
    if shortestpath and dot < 0.0:
        dot, second = -dot, -second
    angle = np.arccos(dot) + spin * np.pi
    if abs(angle) < _TINY or fraction == 0.0:
        return first
    return np.asarray(
        (np.sin((1.0 - fraction) * angle) * first + np.sin(fraction * angle) * second)
        / np.sin(angle))


def concatenate_matrices(*matrices: np.ndarray) -> np.ndarray:
    """(4, 4) product of matrices, left to right."""
    product = np.identity(4)
    for matrix in matrices:
        product = product @ matrix
    return product


def inverse_matrix(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a square matrix."""
    return np.asarray(np.linalg.inv(matrix))


def vector_norm(data: Any, axis: int | None = None) -> Any:
    """Length of a vector, or lengths along an axis."""
    return np.linalg.norm(np.asarray(data, dtype=np.float64), axis=axis)


def unit_vector(data: Any, axis: int | None = None) -> np.ndarray:
    """Vector of length 1, or vectors along an axis."""
    values = np.array(data, dtype=np.float64)
    return np.asarray(values / np.linalg.norm(values, axis=axis, keepdims=axis is not None))


def is_same_transform(matrix0: np.ndarray, matrix1: np.ndarray) -> bool:
    """Whether two matrices are the same up to scale."""
    first, second = np.array(matrix0, dtype=np.float64), np.array(matrix1, dtype=np.float64)
    return bool(np.allclose(first / first[3, 3], second / second[3, 3]))


def _w_first(quaternion: Numbers) -> np.ndarray:
    x, y, z, w = quaternion
    return np.array([w, x, y, z], dtype=np.float64)


def _w_last(quaternion: Numbers) -> np.ndarray:
    w, x, y, z = quaternion
    return np.array([x, y, z, w], dtype=np.float64)
