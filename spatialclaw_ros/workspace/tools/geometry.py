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


"""`tools.Geometry`: measures in 3D."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spatialclaw_ros.geometry.box import OrientedBox, oriented_box
from spatialclaw_ros.geometry.closest import ClosestPoints, closest_points, onto_surface
from spatialclaw_ros.geometry.cloud import body_mask, finite_mask
from spatialclaw_ros.geometry.plane import Plane, ransac_plane
from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.workspace.perframe import PerFrame
from spatialclaw_ros.workspace.points import PointArray
from spatialclaw_ros.workspace.teaching import Teaching
from spatialclaw_ros.workspace.tools.coordinates import normalized_to_pixel

PROMPT = """\
`tools.Geometry` (metres, radians):
  `.closest_points(a, b)` -> `.distance`, `.point_a`, `.point_b`, `.sigma` of two clouds
  `.oriented_box(points)` upright box: `.center`, `.size` (length, width, height), `.rotation`,
    `.corners`, `.yaw_rad`
  `.fit_ground_plane_ransac(points, threshold_m=0.01)` level plane: `.normal`, `.offset`,
    `.distance(points)` signed; `.height_above(points, plane)` height of the top above it
  `.extent(points, axis)` length along a direction ('x', 'y', 'z' or a vector), strays left out
  `.euclidean_distance(a, b)`, `.angle_between_vectors(a, b, degrees=False)`,
  `.rotation_matrix_from_vectors(a, b)` turns a onto b, `.transform_points(points, transform)`,
  `.project_point_to_camera(point, extrinsics, intrinsics)` world -> (u, v, depth)
  `.normalized_to_pixel(coordinates, image)` 0..1000 coordinates, as text or numbers -> pixels; a
    tuple for one point or box, a list for several"""

_AXES = {'x': (1.0, 0.0, 0.0), 'y': (0.0, 1.0, 0.0), 'z': (0.0, 0.0, 1.0)}
_MAX_SHIFT_SIGMAS = 3.0
_MOST_POINTS = 100_000
_TILT_RAD = math.radians(20.0)
_HYPOTHESES = 5000  # drawn; the steep ones among them cost next to nothing


class Geometry(Teaching):
    """Functions on world points; rows with NaN are left out everywhere."""

    def euclidean_distance(self, a: Any, b: Any) -> float:
        """Distance in metres between two points (3,)."""
        return float(np.linalg.norm(_vector(a, 'a') - _vector(b, 'b')))

    def angle_between_vectors(self, a: Any, b: Any, degrees: bool = False) -> float:
        """Angle between two directions (3,), 0 to pi radians, or in degrees."""
        first, second = _direction(a, 'a'), _direction(b, 'b')
        # Kahan's formula: exact for small angles too
        angle = 2.0 * math.atan2(
            float(np.linalg.norm(first - second)), float(np.linalg.norm(first + second)))
        return math.degrees(angle) if degrees else angle

    def rotation_matrix_from_vectors(self, a: Any, b: Any) -> np.ndarray:
        """(3, 3) smallest rotation that turns direction a onto direction b (Rodrigues)."""
        first, second = _direction(a, 'a'), _direction(b, 'b')
        axis = np.cross(first, second)
        cosine = float(first @ second)
        if cosine < -1.0 + 1e-12:
            side = np.eye(3)[int(np.argmin(np.abs(first)))]
            axis = np.cross(first, side)
            axis /= np.linalg.norm(axis)
            return np.asarray(2.0 * np.outer(axis, axis) - np.eye(3))
        x, y, z = axis
        skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        # 1 + cosine, exact for nearly opposite directions too
        rest = float(np.square(first + second).sum()) / 2.0
        return np.asarray(np.eye(3) + skew + skew @ skew / rest)

    def transform_points(self, points: Any, transform: Any) -> np.ndarray:
        """Map points (..., 3) by a transform (4, 4) `T_target_source`; either order is read."""
        if np.shape(points) == (4, 4):
            points, transform = transform, points
        moved = transform_points(np.asarray(transform, dtype=np.float64), np.asarray(points))
        return PointArray.like(moved, points)

    def project_point_to_camera(
        self, point: Any, extrinsics: Any, intrinsics: Mapping[str, float] | Any,
    ) -> np.ndarray:
        """Pixel and depth of world points.

        Args:
            point: (3,) or (N, 3) world.
            extrinsics: (4, 4) `T_world_camera`, `recon.extrinsics[f]`.
            intrinsics: dict of fx, fy, cx, cy, `recon.intrinsics[f]`, or a (3, 3) matrix.

        Returns:
            (3,) or (N, 3): u, v in pixels, depth in metres; u and v NaN behind the camera.
        """
        points = np.asarray(point, dtype=np.float64)
        if points.ndim == 0 or points.shape[-1] != 3:
            raise ValueError(f'point must be (3,) or (N, 3), got {points.shape}')
        camera = transform_points(invert(np.asarray(extrinsics)), points)
        if isinstance(intrinsics, Mapping):
            fx, fy, cx, cy = (float(intrinsics[name]) for name in ('fx', 'fy', 'cx', 'cy'))
        else:
            matrix = np.asarray(intrinsics, dtype=np.float64)
            fx, fy, cx, cy = matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]
        depth = camera[..., 2]
        ahead = np.where(depth > 0, depth, np.nan)
        return np.stack([
            fx * camera[..., 0] / ahead + cx, fy * camera[..., 1] / ahead + cy, depth], axis=-1)

    def fit_ground_plane_ransac(
        self, points: Any, threshold_m: float = 0.01, max_angle_rad: float = _TILT_RAD,
        seed: int = 0, up: Any = (0.0, 0.0, 1.0),
    ) -> Plane:
        """Level plane with the most points.

        Args:
            points: (N, 3) or (H, W, 3); `recon.points` or a list of such for all of them together.
            threshold_m: greatest distance of a point that belongs to it.
            max_angle_rad: greatest tilt from level.
            seed: of the random choice.
            up: direction of up.

        Returns:
            Plane with its normal up; unpacks as (normal, offset), normal . p + offset = 0.
        """
        return ransac_plane(
            _clouds(points), threshold_m=threshold_m, iterations=_HYPOTHESES, seed=seed,
            normal_hint=_vector(up, 'up'), max_angle_rad=max_angle_rad)

    def closest_points(self, a: Any, b: Any, clean: bool = True) -> ClosestPoints:
        """Closest two points of two clouds, strays left out.

        Args:
            a: (N, 3) or (3,) world points.
            b: (M, 3) or (3,) world points.
            clean: leave out points that lie apart from their cloud.

        Returns:
            `.distance` in metres, `.point_a`, `.point_b`, `.sigma` in metres: NaN when nothing
            tells how exact the points are; a single place counts as exact. Unpacks in that order.
            Points from a sensor are moved onto the surface through their neighbours first, so that
            noise makes nothing closer.
        """
        first, first_sigma = _cloud(a, 'a', clean)
        second, second_sigma = _cloud(b, 'b', clean)
        if first_sigma is None and len(first) == 1:
            first_sigma = np.zeros(1)  # a place is where it is said to be
        if second_sigma is None and len(second) == 1:
            second_sigma = np.zeros(1)
        found = closest_points(first, second, first_sigma, second_sigma)
        if not clean or not math.isfinite(found.sigma):
            return found
        point_a = onto_surface(first, found.point_a, _MAX_SHIFT_SIGMAS * found.sigma)
        point_b = onto_surface(second, found.point_b, _MAX_SHIFT_SIGMAS * found.sigma)
        distance = float(np.linalg.norm(point_a - point_b))
        return ClosestPoints(distance, point_a, point_b, found.sigma)

    def oriented_box(self, points: Any, up: Any = (0.0, 0.0, 1.0)) -> OrientedBox:
        """Smallest upright box round points (N, 3), strays left out."""
        cloud, _ = _cloud(points, 'points', True)
        x, y, z = _vector(up, 'up')
        return oriented_box(cloud, up=(float(x), float(y), float(z)))

    def height_above(self, points: Any, plane: Plane, percentile: float = 99.0) -> float:
        """Height in metres of the top of points (N, 3) above a plane, strays left out."""
        cloud, _ = _cloud(points, 'points', True)
        return float(np.percentile(plane.distance(cloud), percentile))

    def extent(self, points: Any, axis: Any = 'z', trim: float = 0.2) -> float:
        """Length in metres of points (N, 3) along a direction.

        Args:
            points: (N, 3).
            axis: 'x', 'y', 'z' of the world, or a vector (3,).
            trim: percent left out at each end.
        """
        direction = _direction(_AXES.get(axis, axis) if isinstance(axis, str) else axis, 'axis')
        cloud, _ = _cloud(points, 'points', True)
        along = cloud @ direction
        low, high = np.percentile(along, (trim, 100 - trim))
        return float(high - low)

    def normalized_to_pixel(self, coordinates: Any, *size: Any, **named: Any) -> Any:
        """Pixels of 0..1000 coordinates; see `coordinates.normalized_to_pixel`."""
        return normalized_to_pixel(coordinates, *size, **named)


def _vector(value: Any, name: str) -> np.ndarray:
    try:
        vector = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        vector = np.empty(0)
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise ValueError(
            f'{name} must be three finite numbers, got {value!r}'[:200]
            + '; NaN means that no depth is known there')
    return vector


def _direction(value: Any, name: str) -> np.ndarray:
    """(3,) unit vector of a direction."""
    vector = _vector(value, name)
    length = float(np.linalg.norm(vector))
    if not length:
        raise ValueError(f'{name} is a vector of zeros, which has no direction')
    return np.asarray(vector / length)


def _clouds(points: Any) -> list[np.ndarray]:
    """(N, 3) views of one cloud, or of each of several: stacking those would copy them all."""
    if isinstance(points, PerFrame):
        points = points.values()
    several = isinstance(points, (list, tuple)) and all(
        isinstance(each, np.ndarray) and each.ndim > 1 for each in points)
    return [np.asarray(each).reshape(-1, 3) for each in (points if several else [points])]


def _cloud(points: Any, name: str, clean: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Finite points (N, 3), strays left out when asked, and their sigmas."""
    if not isinstance(points, np.ndarray):
        points = np.asarray(points, dtype=np.float64)
    if points.ndim == 0 or points.shape[-1] != 3:
        raise ValueError(
            f'{name} must be (N, 3) world points, got {points.shape}; '
            'seg.get_masked_points(recon, frame, object) gives them')
    points = points.reshape(-1, 3)
    points = points[::1 + len(points) // _MOST_POINTS]
    sigma = getattr(points, 'sigma', None)
    cloud = np.asarray(points, dtype=np.float64)
    keep = finite_mask(cloud)
    if not keep.any():
        raise ValueError(
            f'{name} has no point with known depth ({len(cloud)} came); look at the mask, take '
            'another frame, or lower min_confidence')
    if clean:
        body = body_mask(cloud)
        keep = body if body.any() else keep
    return cloud[keep], None if sigma is None else np.asarray(sigma)[keep]
