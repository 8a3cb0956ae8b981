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


"""Boxes round point clouds, upright and turned about the vertical."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.geometry.cloud import finite_rows

_ANGLES = 45
_REFINE_STEPS = 21
_ANGLE_POINTS = 2500


@dataclass(frozen=True, eq=False)
class OrientedBox:
    """A box with its own axes.

    Args:
        center: (3,) metres.
        size: (3,) metres along the box's own axes; the first is the longer side, the last is up.
        rotation: (3, 3), box axes into the frame of the points.
    """

    center: np.ndarray
    size: np.ndarray
    rotation: np.ndarray

    @property
    def corners(self) -> np.ndarray:
        """(8, 3) corners, metres."""
        signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing='ij')).reshape(3, 8).T
        return np.asarray(self.center + (signs * self.size / 2) @ self.rotation.T)

    @property
    def length(self) -> float:
        """Longer horizontal side, metres."""
        return float(self.size[0])

    @property
    def width(self) -> float:
        """Shorter horizontal side, metres."""
        return float(self.size[1])

    @property
    def height(self) -> float:
        """Size along up, metres."""
        return float(self.size[2])

    @property
    def yaw_rad(self) -> float:
        """Direction of the longer side about z, in (-pi/2, pi/2]."""
        yaw = math.atan2(self.rotation[1, 0], self.rotation[0, 0])
        if yaw > math.pi / 2:
            return yaw - math.pi
        return yaw + math.pi if yaw <= -math.pi / 2 else yaw


def oriented_box(
    points: np.ndarray, up: tuple[float, float, float] = (0.0, 0.0, 1.0), trim: float = 0.2,
) -> OrientedBox:
    """Smallest upright box round a cloud, stray points left out.

    Args:
        points: (N, 3) metres; rows with NaN are left out.
        up: (3,) direction that stays vertical; the box turns about it alone.
        trim: percent of the points that may lie outside at each end of each axis.

    Returns:
        The box of least ground area.

    Raises:
        ValueError: fewer than four finite points.
    """
    kept = finite_rows(points).astype(np.float64)
    if len(kept) < 4:
        raise ValueError(f'a box needs at least 4 finite points, got {len(kept)}')
    axes = _basis(np.asarray(up, dtype=np.float64))
    local = kept @ axes
    coarse = np.arange(_ANGLES) * (math.pi / 2 / _ANGLES)
    angle = _best_angle(local[:, :2], coarse, trim)
    step = math.pi / 2 / _ANGLES
    angle = _best_angle(
        local[:, :2], np.linspace(angle - step, angle + step, _REFINE_STEPS), trim)
    turn = np.eye(3)
    turn[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    low, high = np.percentile(local @ turn, (trim, 100 - trim), axis=0)
    size = high - low
    rotation = axes @ turn
    center = rotation @ ((low + high) / 2)
    if size[1] > size[0]:
        rotation = rotation @ np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        size = size[[1, 0, 2]]
    return OrientedBox(center, size, rotation)


def _basis(up: np.ndarray) -> np.ndarray:
    """Right-handed axes (columns) of which the last is up and the first near x."""
    length = float(np.linalg.norm(up)) if up.shape == (3,) else math.nan
    if not length > 0:
        raise ValueError(f'up must be a (3,) direction, got {up}')
    z = up / length
    near = np.array([1.0, 0.0, 0.0]) if abs(z[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    x = near - (near @ z) * z
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def _best_angle(plane: np.ndarray, angles: np.ndarray, trim: float) -> float:
    """Angle of the rectangle of least area round (N, 2) points."""
    if len(plane) > _ANGLE_POINTS:
        plane = plane[np.random.default_rng(0).integers(0, len(plane), _ANGLE_POINTS)]
    along = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ plane.T
    across = np.stack([-np.sin(angles), np.cos(angles)], axis=1) @ plane.T
    low = int(len(plane) * trim / 100)
    high = len(plane) - 1 - low
    area = np.ones(len(angles))
    for axis in (along, across):
        ordered = np.partition(axis, (low, high), axis=1)
        area *= ordered[:, high] - ordered[:, low]
    return float(angles[int(np.argmin(area))])
