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

"""Support surfaces in one frame: horizontal planes by height and RANSAC, and walls.

Heights are searched where normals point up, in a histogram weighted by real area, so that a near
object does not outvote a far table. Each plane is then fitted with a few degrees of freedom of
tilt, because camera poses are never exactly level.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from spatialclaw_ros.geometry.plane import Plane, fit_plane_ransac
from spatialclaw_ros.perception.depth import sigma_of

UP = np.array([0.0, 0.0, 1.0])
CELL_M = 0.025
"""Edge of a footprint's cell."""
MAX_OBJECT_HEIGHT_M = 0.7
"""Tallest thing that stands on a table."""

_MIN_AREA_M2 = 0.02
_MAX_PLANES = 8
_FLAT_COS = math.cos(math.radians(22))
_TILT_RAD = math.radians(6)
_BIN_M = 0.01
_CLOSE_M = 0.20  # gaps in a footprint up to twice this are closed: what objects hide
_JOIN_M = 0.30
_WALL_MIN_AREA_M2 = 0.4
_SLANT = 1.6  # a pixel's area on a surface seen at about 50 degrees, over one seen straight
_MAX_CELLS = 4000


@dataclass(frozen=True, eq=False)
class Footprint:
    """Cells of a surface on the world's x-y plane, gaps closed.

    Args:
        origin: (2,) x, y of the corner of cell [0, 0].
        cells: (rows along y, columns along x) bool.
    """

    origin: np.ndarray
    cells: np.ndarray

    def contains(self, x: np.ndarray, y: np.ndarray, margin_m: float = 0.0) -> np.ndarray:
        """Which places lie on it.

        Args:
            x: (H, W) float32 world; no NaN (a far value stands for unknown).
            y: (H, W) float32 world.
            margin_m: how far outside still counts.
        """
        pad = round(margin_m / CELL_M)
        cells = self._grown(pad) if pad else self.cells.astype(np.uint8)
        scale = np.float32(1.0 / CELL_M)
        column = (x - np.float32(self.origin[0])) * scale + np.float32(pad - 0.5)
        row = (y - np.float32(self.origin[1])) * scale + np.float32(pad - 0.5)
        return np.asarray(cv2.remap(
            cells, column, row, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT,
            borderValue=0) > 0)

    @functools.lru_cache(maxsize=4)  # noqa: B019 - lives as long as the frame's view
    def _grown(self, cells: int) -> np.ndarray:
        padded = np.pad(self.cells, cells).astype(np.uint8)
        kernel = cv2.getStructuringElement(
            cv2.MORPH_ELLIPSE, (2 * cells + 1, 2 * cells + 1))
        return np.asarray(cv2.dilate(padded, kernel))

    @property
    def area_m2(self) -> float:
        """Area of its cells."""
        return float(self.cells.sum()) * CELL_M * CELL_M


@dataclass(frozen=True, eq=False)
class Surface:
    """One flat surface as one frame shows it.

    Args:
        plane: world, normal up (horizontal) or towards the camera (wall).
        height_m: z of its middle; for a wall the z of its top.
        mask: (H, W) bool pixels that show it.
        area_m2: area seen.
        footprint: None for walls.
        vertical: whether it is a wall-like surface.
    """

    plane: Plane
    height_m: float
    mask: np.ndarray
    area_m2: float
    footprint: Footprint | None
    vertical: bool = False

    def center_cells(self) -> np.ndarray:
        """(K, 3) middles of the footprint's cells, at the surface's height."""
        if self.footprint is None:
            return np.empty((0, 3))
        row, column = np.nonzero(self.footprint.cells)
        xy = self.footprint.origin + (np.stack([column, row], axis=1) + 0.5) * CELL_M
        return np.column_stack([xy, np.full(len(xy), self.height_m)])


def horizontal_surfaces(
    points: np.ndarray, normals: np.ndarray, depth_m: np.ndarray, edges: np.ndarray,
    focal_px: float,
) -> list[Surface]:
    """Upward-facing surfaces, largest first, tops of things among them.

    Args:
        points: (H, W, 3) world.
        normals: (H, W, 3) world.
        depth_m: (H, W).
        edges: (H, W) bool.
        focal_px: mean focal length.
    """
    sample = points[::2, ::2]
    up = normals[::2, ::2, 2]
    depth = depth_m[::2, ::2]
    with np.errstate(invalid='ignore'):
        flat = (up > _FLAT_COS) & ~edges[::2, ::2] & np.isfinite(depth)
    area = np.where(flat, _pixel_area(depth, focal_px) * 4, 0.0)
    found: list[Surface] = []
    left = flat
    for _ in range(_MAX_PLANES):
        plane = _strongest(sample, depth, area, left)
        if plane is None:
            break
        near = np.abs(heights(plane, np.nan_to_num(sample))) < 1.6 * plane_tolerance(depth)
        left = left & ~near
        found += _pieces(plane, points, normals, depth_m, edges, focal_px)
    return sorted(found, key=lambda surface: -surface.area_m2)


def heights(plane: Plane, points: np.ndarray) -> np.ndarray:
    """Signed distances (...) float32 of points (..., 3) from a plane; NaN stays NaN."""
    a, b, c = (np.float32(value) for value in plane.normal)
    above = points[..., 2] * c
    above += points[..., 0] * a
    above += points[..., 1] * b
    above += np.float32(plane.offset)
    return np.asarray(above)


def plane_tolerance(depth_m: np.ndarray) -> np.ndarray:
    """How far from a plane a pixel may be and still belong to it, metres."""
    return np.asarray(np.clip(3 * sigma_of(depth_m), np.float32(0.006), np.float32(0.05)))


def walls(
    points: np.ndarray, normals: np.ndarray, depth_m: np.ndarray, taken: np.ndarray,
    focal_px: float,
) -> list[Surface]:
    """Large vertical surfaces, largest first.

    Args:
        points: (H, W, 3) world.
        normals: (H, W, 3) world.
        depth_m: (H, W).
        taken: (H, W) bool pixels of other surfaces.
        focal_px: mean focal length.
    """
    with np.errstate(invalid='ignore'):
        upright = (np.abs(normals[..., 2]) < 0.35) & np.isfinite(depth_m) & ~taken
    area = _pixel_area(depth_m, focal_px)
    found = []
    left = upright
    for _ in range(4):
        chosen = points[left][::7]
        if area[left].sum() < _WALL_MIN_AREA_M2 or len(chosen) < 50:
            break
        plane, _ = fit_plane_ransac(chosen, threshold_m=0.03, iterations=300)
        near = np.abs(heights(plane, np.nan_to_num(points))) < 2 * plane_tolerance(depth_m)
        agrees = np.abs(np.nan_to_num(normals) @ plane.normal) > 0.85
        mask = left & near & agrees
        left = left & ~near
        seen = float(area[mask].sum())
        if abs(plane.normal[2]) > 0.25 or seen < _WALL_MIN_AREA_M2:
            continue
        top = float(np.percentile(points[mask][:, 2], 98))
        found.append(Surface(plane, top, mask, seen, None, vertical=True))
    return sorted(found, key=lambda surface: -surface.area_m2)


def _pixel_area(depth_m: np.ndarray, focal_px: float) -> np.ndarray:
    """Real area behind each pixel, m2."""
    side = np.nan_to_num(depth_m) / np.float32(focal_px)
    return np.asarray(side * side * np.float32(_SLANT))


def _strongest(
    sample: np.ndarray, depth: np.ndarray, area: np.ndarray, left: np.ndarray,
) -> Plane | None:
    heights = sample[..., 2][left]
    if len(heights) < 40:
        return None
    low = float(heights.min())
    index = np.clip(((heights - low) / _BIN_M).astype(np.int64), 0, 2000)
    counts = np.bincount(index, weights=area[left], minlength=8)
    mass = ndimage.uniform_filter1d(
        ndimage.gaussian_filter1d(counts, 1.2, mode='constant'), 5, mode='constant') * 5
    peak = int(np.argmax(mass))
    if mass[peak] < _MIN_AREA_M2:
        return None
    middle = low + (peak + 0.5) * _BIN_M
    band = left & (np.abs(sample[..., 2] - middle) < 0.06)
    chosen = sample[band]
    spread = float(np.median(plane_tolerance(depth[band])))
    try:
        plane, _ = fit_plane_ransac(
            chosen[:: max(1, len(chosen) // 3000)], threshold_m=max(0.005, 0.6 * spread),
            iterations=150, normal_hint=UP, max_angle_rad=_TILT_RAD)
    except ValueError:  # a band of a steep thing, a ramp or a wall: nothing in it is level
        return None
    return plane.facing(UP)


def _pieces(
    plane: Plane, points: np.ndarray, normals: np.ndarray, depth_m: np.ndarray,
    edges: np.ndarray, focal_px: float,
) -> list[Surface]:
    """Parts of a plane that hang together on the ground plan."""
    with np.errstate(invalid='ignore'):
        mask = np.abs(heights(plane, points)) < plane_tolerance(depth_m)
        mask &= ~(normals[..., 2] < 0.75)
    mask &= ~edges
    kernel = np.ones((3, 3), np.uint8)
    smooth = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    mask = np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_OPEN, kernel) > 0)
    mask &= np.isfinite(depth_m)
    sampled = mask[::2, ::2]
    if not sampled.any():
        return []
    x, y = points[::2, ::2, 0][sampled], points[::2, ::2, 1][sampled]
    side = depth_m[::2, ::2][sampled] / np.float32(focal_px)
    area = side * side * np.float32(4 * _SLANT)
    if float(area.sum()) < _MIN_AREA_M2:
        return []
    origin = np.array([x.min(), y.min()], dtype=np.float64) - _CLOSE_M
    columns = ((x - origin[0]) / CELL_M).astype(int)
    rows = ((y - origin[1]) / CELL_M).astype(int)
    reach = round(_CLOSE_M / CELL_M)
    grid = np.zeros((int(rows.max()) + reach + 1, int(columns.max()) + reach + 1), np.uint8)
    if max(grid.shape) > _MAX_CELLS:
        return []
    grid[rows, columns] = 1
    reach = round(_JOIN_M / 2 / CELL_M)
    count, label = cv2.connectedComponents(
        cv2.dilate(grid, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)))
    seen = np.bincount(label[rows, columns], weights=area, minlength=count)
    large = [number for number in range(1, count) if seen[number] >= _MIN_AREA_M2]
    found = []
    for number in large:
        footprint = Footprint(origin, _closed((label == number) & (grid > 0)))
        own = mask
        if len(large) > 1 or seen[number] < 0.98 * seen.sum():
            near = Footprint(origin, label == number)
            own = mask & near.contains(
                np.nan_to_num(points[..., 0], nan=-1e4), np.nan_to_num(points[..., 1], nan=-1e4))
        height = float(np.median(points[::2, ::2, 2][own[::2, ::2]]))
        found.append(Surface(plane, height, own, float(seen[number]), footprint))
    return found


def _closed(cells: np.ndarray) -> np.ndarray:
    reach = round(_CLOSE_M / CELL_M)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    padded = np.pad(cells.astype(np.uint8), reach)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[reach:-reach, reach:-reach]
    return np.asarray(ndimage.binary_fill_holes(closed))
