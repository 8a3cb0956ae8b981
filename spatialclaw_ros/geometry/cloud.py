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


"""Point clouds: thinning, normals, bounds, clusters, outliers."""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

_VOXELS_M = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16)
_FEW_POINTS = 50
_MOST_KEYS = 2**62
_CELLS_PER_POINT = 16


def finite_mask(points: np.ndarray) -> np.ndarray:
    """(...) bool: points of (..., 3) that have no NaN or infinite coordinate."""
    known = np.isfinite(points)
    return np.asarray(known[..., 0] & known[..., 1] & known[..., 2])


def finite_rows(points: np.ndarray) -> np.ndarray:
    """Points (K, 3) of (..., 3) that have no NaN or infinite coordinate."""
    flat = np.asarray(points).reshape(-1, 3)
    return np.asarray(flat[finite_mask(flat)])


def voxel_downsample(points: np.ndarray, voxel_m: float) -> np.ndarray:
    """Mean point of each occupied voxel.

    Args:
        points: (N, 3); rows with NaN are left out.
        voxel_m: edge of a voxel.

    Returns:
        (K, 3) float64.

    Raises:
        ValueError: `voxel_m` is not positive.
    """
    if not voxel_m > 0:
        raise ValueError(f'voxel_m must be positive, got {voxel_m}')
    kept = finite_rows(points).astype(np.float64)
    if not len(kept):
        return kept
    _, voxel, counts = _voxels(kept, voxel_m)
    sums = [np.bincount(voxel, kept[:, axis], minlength=len(counts)) for axis in range(3)]
    return np.asarray(np.stack(sums, axis=1) / counts[:, None])


def normals_from_points(points_hw: np.ndarray, step: int = 1) -> np.ndarray:
    """Surface normals of an image of points, towards the camera.

    Args:
        points_hw: (H, W, 3) points in any one frame, NaN where unknown.
        step: pixels to either side over which the surface is differenced.

    Returns:
        (H, W, 3) float32 unit vectors; NaN where a neighbour is unknown, and at the border.
    """
    points = np.asarray(points_hw, dtype=np.float32)
    normals = np.full(points.shape, np.nan, dtype=np.float32)
    across = points[step:-step, 2 * step:] - points[step:-step, :-2 * step]
    down = points[2 * step:, step:-step] - points[:-2 * step, step:-step]
    cross = np.cross(down, across)
    length = np.sqrt(np.einsum('ijk,ijk->ij', cross, cross))
    length[length == 0] = np.nan
    normals[step:-step, step:-step] = cross / length[..., None]
    return normals


def percentile_bounds(
    points: np.ndarray, lower: float = 2, upper: float = 98,
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds along the axes that a few stray points don't move.

    Args:
        points: (N, 3); rows with NaN are left out.
        lower: percentile of the lower bound.
        upper: percentile of the upper bound.

    Returns:
        (3,) lower and (3,) upper; NaN without points.
    """
    kept = finite_rows(points)
    if not len(kept):
        return np.full(3, np.nan), np.full(3, np.nan)
    low, high = np.percentile(kept.astype(np.float64), (lower, upper), axis=0)
    return low, high


def largest_cluster(points: np.ndarray, radius_m: float) -> np.ndarray:
    """Which points belong to the largest connected piece.

    Points are put into voxels of `radius_m`; voxels that touch (corners count) are connected.

    Args:
        points: (N, 3); rows with NaN belong to none.
        radius_m: gaps of more than about one to two of it part pieces.

    Returns:
        (N,) bool.
    """
    labels = cluster_labels(points, radius_m)
    found = labels[labels >= 0]
    if not len(found):
        return np.zeros(len(labels), dtype=bool)
    return np.asarray(labels == np.argmax(np.bincount(found)))


def cluster_labels(points: np.ndarray, radius_m: float) -> np.ndarray:
    """Connected pieces of a cloud, as in `largest_cluster`.

    Returns:
        (N,) int piece of each point, from 0; -1 for rows with NaN.

    Raises:
        ValueError: `radius_m` is not positive.
    """
    if not radius_m > 0:
        raise ValueError(f'radius_m must be positive, got {radius_m}')
    points = np.asarray(points)
    finite = finite_mask(points)
    labels = np.full(len(points), -1, dtype=np.int64)
    kept = points[finite].astype(np.float64)
    if not len(kept):
        return labels
    cells, voxel, counts = _voxels(kept, radius_m)
    pairs = cKDTree(cells).query_pairs(1.8, output_type='ndarray')
    graph = coo_matrix(
        (np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])),
        shape=(len(counts), len(counts)))
    labels[finite] = connected_components(graph, directed=False)[1][voxel]
    return labels


def inlier_mask(points: np.ndarray, neighbors: int = 8, ratio: float = 2.0) -> np.ndarray:
    """Points whose neighbours are about as near as everybody's.

    A point stays when its mean distance to its nearest `neighbors` is at most the mean of all plus
    `ratio` standard deviations (Rusu et al. 2008, statistical outlier removal).

    Args:
        points: (N, 3); rows with NaN don't stay.
        neighbors: how many neighbours are looked at.
        ratio: standard deviations allowed.

    Returns:
        (N,) bool.
    """
    points = np.asarray(points)
    stays = finite_mask(points)
    kept = points[stays].astype(np.float64)
    if len(kept) <= neighbors + 1:
        return stays
    distances = cKDTree(kept).query(kept, k=neighbors + 1)[0][:, 1:].mean(axis=1)
    stays[stays] = distances <= distances.mean() + ratio * distances.std()
    return stays


def body_mask(
    points: np.ndarray, share: float = 0.02, density: float = 0.1, points_per_voxel: float = 4.0,
) -> np.ndarray:
    """Points of a cloud's dense pieces: strays and thin tails are left out, fast.

    Points are put into the finest voxels (5 mm to 16 cm) that hold `points_per_voxel` on average.

    Args:
        points: (N, 3); rows with NaN never belong.
        share: least share of all points that a connected piece holds.
        density: least number of points in a voxel, over the median of all voxels.
        points_per_voxel: see above.

    Returns:
        (N,) bool; all finite points when there are fewer than 50.
    """
    points = np.asarray(points)
    belongs = np.asarray(finite_mask(points))
    kept = points[belongs].astype(np.float64)
    if len(kept) < _FEW_POINTS:
        return belongs
    voxel_m = next((
        voxel_m for voxel_m in _VOXELS_M
        if len(kept) >= points_per_voxel * _occupied(kept, voxel_m)), _VOXELS_M[-1])
    cells, voxel, counts = _voxels(kept, voxel_m)
    dense = counts >= density * float(np.median(counts))
    pairs = cKDTree(cells[dense]).query_pairs(1.8, output_type='ndarray')
    number = int(dense.sum())
    graph = coo_matrix(
        (np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(number, number))
    piece = np.full(len(counts), -1)
    piece[dense] = connected_components(graph, directed=False)[1]
    sizes = np.bincount(piece[dense], counts[dense])
    large = np.append(sizes >= share * len(kept), False)  # the last entry is for piece -1
    belongs[belongs] = large[piece[voxel]]
    return belongs


def remove_outliers(points: np.ndarray, neighbors: int = 8, ratio: float = 2.0) -> np.ndarray:
    """Points (K, 3) that `inlier_mask` keeps."""
    return np.asarray(np.asarray(points)[inlier_mask(points, neighbors, ratio)])


def _voxels(points: np.ndarray, voxel_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Occupied voxels: their integer coordinates, each point's voxel, points in each."""
    columns, sizes = _grid(points, voxel_m)
    number = math.prod(sizes)
    if number >= _MOST_KEYS:
        found, voxel, counts = np.unique(
            np.stack(columns, axis=1), axis=0, return_inverse=True, return_counts=True)
        return found, voxel.ravel(), counts
    keys = _keys(columns, sizes)
    if number <= _CELLS_PER_POINT * len(points):  # no sorting then
        filled = np.bincount(keys, minlength=number)
        found = np.flatnonzero(filled)
        counts = filled[found]
        rank = np.empty(number, dtype=np.intp)
        rank[found] = np.arange(len(found))
        voxel = rank[keys]
    else:
        found, voxel, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.stack(np.unravel_index(found, sizes), axis=1), voxel.ravel(), counts


def _occupied(points: np.ndarray, voxel_m: float) -> int:
    """Number of occupied voxels."""
    columns, sizes = _grid(points, voxel_m)
    number = math.prod(sizes)
    if number >= _MOST_KEYS:
        return len(np.unique(np.stack(columns, axis=1), axis=0))
    keys = _keys(columns, sizes)
    if number <= _CELLS_PER_POINT * len(points):
        return int(np.count_nonzero(np.bincount(keys)))
    keys.sort()
    return 1 + int(np.count_nonzero(keys[1:] != keys[:-1]))


def _grid(points: np.ndarray, voxel_m: float) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """Each point's voxel along x, y and z, counted from the least, and the grid's sizes."""
    columns = [np.floor(points[:, axis] / voxel_m).astype(np.int64) for axis in range(3)]
    columns = [cells - cells.min() for cells in columns]
    return columns, tuple(int(cells.max()) + 1 for cells in columns)


def _keys(columns: list[np.ndarray], sizes: tuple[int, ...]) -> np.ndarray:
    """(N,) one number for each point's voxel, in order of x, y, z."""
    return np.asarray((columns[0] * sizes[1] + columns[1]) * sizes[2] + columns[2])
