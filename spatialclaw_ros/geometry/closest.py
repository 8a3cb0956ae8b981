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


"""The two closest points of two clouds, and how exact their distance is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from spatialclaw_ros.geometry.cloud import finite_mask

_SPACING_NEIGHBORS = 4
_SAMPLED_POINTS = 2000
_PRUNED_PAIRS = 10**7


@dataclass(frozen=True, eq=False)
class ClosestPoints:
    """Result of `closest_points`; unpacks as (distance, point_a, point_b, sigma).

    Args:
        distance: metres.
        point_a: (3,) float64, of the first cloud.
        point_b: (3,) float64, of the second cloud.
        sigma: standard deviation of the distance in metres; NaN when unknown.
    """

    distance: float
    point_a: np.ndarray
    point_b: np.ndarray
    sigma: float = math.nan

    def __iter__(self) -> Iterator[object]:
        return iter((self.distance, self.point_a, self.point_b, self.sigma))


def closest_points(
    a: np.ndarray, b: np.ndarray, sigma_a: np.ndarray | None = None,
    sigma_b: np.ndarray | None = None,
) -> ClosestPoints:
    """Closest two points of two clouds.

    The variance of the distance is the sum of both points' noise and of the square of each cloud's
    spacing near its point: between samples, and at the edge of a mask, a surface is known to about
    one sample. Errors that all points of a cloud share (of a pose, say) are not in it.

    Args:
        a: (N, 3) metres; rows with NaN are left out.
        b: (M, 3) metres, same frame.
        sigma_a: (N,) standard deviation of each point in metres; None when unknown.
        sigma_b: (M,).

    Returns:
        Distance, points, and sigma (NaN unless both sigmas came).

    Raises:
        ValueError: a cloud has no finite point, or shapes don't fit.
    """
    a, sigma_a = _checked('a', a, sigma_a)
    b, sigma_b = _checked('b', b, sigma_b)
    rows_a, rows_b = _candidates(a, b)
    swap = len(rows_a) < len(rows_b)
    tree = cKDTree(a[rows_a] if swap else b[rows_b])
    distances, nearest = tree.query(b[rows_b] if swap else a[rows_a], k=1)
    at = int(np.argmin(distances))
    near = int(nearest[at])
    index_a, index_b = (
        (int(rows_a[near]), int(rows_b[at])) if swap else (int(rows_a[at]), int(rows_b[near])))
    sigma = math.nan
    if sigma_a is not None and sigma_b is not None:
        variance = float(sigma_a[index_a])**2 + float(sigma_b[index_b])**2
        spacings = local_spacing(a, a[index_a]), local_spacing(b, b[index_b])
        variance += sum(spacing**2 for spacing in spacings if math.isfinite(spacing))
        sigma = math.sqrt(variance)
    return ClosestPoints(
        float(distances[at]), a[index_a].copy(), b[index_b].copy(), sigma)


def onto_surface(
    points: np.ndarray, at: np.ndarray, max_shift_m: float, neighbors: int = 24,
) -> np.ndarray:
    """Point of a noisy cloud, moved onto the plane through its neighbours, along its normal.

    The closest of many noisy points is too close by some standard deviations; its neighbours are
    not. Along the surface, and so at an edge, nothing moves.

    Args:
        points: (N, 3) cloud, finite.
        at: (3,) point of it.
        max_shift_m: greatest shift.
        neighbors: how many points make the plane.

    Returns:
        (3,) the moved point; `at` itself when there are too few neighbours.
    """
    if len(points) <= neighbors:
        return at
    squared = np.square(points - at).sum(axis=1)
    near = points[np.argpartition(squared, neighbors)[:neighbors]]
    center = near.mean(axis=0)
    normal = np.linalg.eigh((near - center).T @ (near - center))[1][:, 0]
    shift = float(np.clip(normal @ (center - at), -max_shift_m, max_shift_m))
    return np.asarray(at + shift * normal)


def local_spacing(points: np.ndarray, at: np.ndarray) -> float:
    """Mean distance in metres from a point of a cloud to its nearest neighbours; NaN if alone."""
    if len(points) < 2:
        return math.nan
    count = min(_SPACING_NEIGHBORS + 1, len(points))
    squared = np.square(points - at).sum(axis=1)
    near = np.sqrt(np.partition(squared, count - 1)[:count])
    return float(near.sum() / (count - 1))


def _candidates(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of both clouds that can be among the closest: no farther than some pair is apart."""
    rows_a, rows_b = np.arange(len(a)), np.arange(len(b))
    if len(a) * len(b) <= _PRUNED_PAIRS:
        return rows_a, rows_b
    some_a, some_b = (
        cloud[::max(1, len(cloud) // _SAMPLED_POINTS)] for cloud in (a, b))
    bound = float(cKDTree(some_a).query(some_b)[0].min())
    bound += bound * 1e-9
    for _ in range(2):
        rows_b = rows_b[_box_distance(b[rows_b], a[rows_a]) <= bound]
        rows_a = rows_a[_box_distance(a[rows_a], b[rows_b]) <= bound]
    return rows_a, rows_b


def _box_distance(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance of each point to the box round others: never more than to any of them."""
    low, high = others.min(axis=0), others.max(axis=0)
    outside = np.maximum(np.maximum(low - points, points - high), 0.0)
    return np.asarray(np.sqrt(np.einsum('ij,ij->i', outside, outside)))


def _checked(
    name: str, points: np.ndarray, sigma: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray | None]:
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f'{name} must be (N, 3) points, got {points.shape}')
    finite = finite_mask(points)
    if not finite.any():
        raise ValueError(
            f'{name} has no finite point ({len(points)} rows came); is its mask empty?')
    if sigma is None:
        return points[finite], None
    sigma = np.asarray(sigma, dtype=np.float64)
    if sigma.shape != points.shape[:1]:
        raise ValueError(f'sigma of {name} must be ({len(points)},), got {sigma.shape}')
    return points[finite], sigma[finite]
