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

_SPACING_NEIGHBORS = 4


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

    The variance of the distance is the sum of both points' noise and of what lies between the
    samples: a cloud with spacing h near its point misses the true closest one by up to h, evenly
    spread, so h^2 / 12 each.

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
    swap = len(a) < len(b)
    tree = cKDTree(a if swap else b)
    distances, nearest = tree.query(b if swap else a, k=1)
    at = int(np.argmin(distances))
    index_a, index_b = (int(nearest[at]), at) if swap else (at, int(nearest[at]))
    sigma = math.nan
    if sigma_a is not None and sigma_b is not None:
        variance = float(sigma_a[index_a])**2 + float(sigma_b[index_b])**2
        spacings = local_spacing(a, a[index_a]), local_spacing(b, b[index_b])
        variance += sum(spacing**2 for spacing in spacings if math.isfinite(spacing)) / 12
        sigma = math.sqrt(variance)
    return ClosestPoints(
        float(distances[at]), a[index_a].copy(), b[index_b].copy(), sigma)


def local_spacing(points: np.ndarray, at: np.ndarray) -> float:
    """Mean distance in metres from a point of a cloud to its nearest neighbours; NaN if alone."""
    if len(points) < 2:
        return math.nan
    count = min(_SPACING_NEIGHBORS + 1, len(points))
    squared = np.square(points - at).sum(axis=1)
    near = np.sqrt(np.partition(squared, count - 1)[:count])
    return float(near.sum() / (count - 1))


def _checked(
    name: str, points: np.ndarray, sigma: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray | None]:
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f'{name} must be (N, 3) points, got {points.shape}')
    finite = np.isfinite(points).all(axis=1)
    if not finite.any():
        raise ValueError(
            f'{name} has no finite point ({len(points)} rows came); is its mask empty?')
    if sigma is None:
        return points[finite], None
    sigma = np.asarray(sigma, dtype=np.float64)
    if sigma.shape != points.shape[:1]:
        raise ValueError(f'sigma of {name} must be ({len(points)},), got {sigma.shape}')
    return points[finite], sigma[finite]
