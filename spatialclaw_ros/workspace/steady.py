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


"""Depth of a thing with its noise evened out along the rays, as far round as noise blurs it.

The nearest, the highest and the farthest of many noisy points stand out from their surface by two
or three standard deviations, the more the more points there are: gaps would be too small, and
things too large.
"""

from __future__ import annotations

import cv2
import numpy as np

from spatialclaw_ros.workspace.points import PointArray

MOST_PIXELS = 40_000
"""Of larger surfaces, planes are fitted to all points: noise is no matter there."""
_REACH_SIGMAS = 1.5  # a ridge is rounded off by less than its noise
_MOST_REACH_PX = 6
_ON_PLANE = 1.5
_ALIKE_PX = 12.6
"""Pixels that err alike: 4 pi r^2 of noise smoothed with r = 1 px, as matching windows make it."""
_LEAST_SHARE = 0.3
_FEWEST = 6


def steadied(
    points: PointArray, rows: np.ndarray, columns: np.ndarray, eye: np.ndarray, focal_px: float,
) -> PointArray:
    """Points moved along their rays onto the plane through their neighbours.

    The inverse depth of a plane is linear in the pixels, so it is fitted by least squares over a
    square of pixels; where it does not fit but for noise, a point stays where it is.

    Args:
        points: (K, 3) world, of one frame.
        rows: (K,) of their pixels.
        columns: (K,)
        eye: (3,) of the camera, world.
        focal_px: of the camera.

    Returns:
        (K, 3) float32 with the noise that is left; the same points where their noise is not known.
    """
    depth, sigma, shared = points.depth_m, points.sigma, points.shared_sigma
    if depth is None or sigma is None or shared is None or not (
            _FEWEST <= len(points) <= MOST_PIXELS):
        return points
    middle_m, noise_m = float(np.median(depth)), float(np.median(sigma))
    if not middle_m > 0 or not np.isfinite(noise_m):
        return points
    reach = min(_MOST_REACH_PX, round(_REACH_SIGMAS * noise_m * focal_px / middle_m))
    if reach < 1:
        return points
    inverse, share, fits = _plane_fit(
        1.0 / depth.astype(np.float64), rows - rows.min(), columns - columns.min(), reach)
    off = sigma.astype(np.float64) / np.square(depth.astype(np.float64))
    moved = (fits <= _ON_PLANE * off) & (inverse > 0)
    steady = np.where(moved, 1.0 / np.where(moved, inverse, 1.0), depth)
    ratio = (steady / depth)[:, None]
    left = np.where(moved, np.clip(share, _LEAST_SHARE, 1.0), 1.0)
    return PointArray.make(
        (eye + (np.asarray(points) - eye) * ratio).astype(np.float32),
        steady.astype(np.float32), (left * sigma / steady).astype(np.float32),
        (shared / steady).astype(np.float32))


def _plane_fit(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray, reach: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Linear fit round each pixel: its value there, share of noise that is left, rms of the rest.

    Args:
        values: (K,) float64.
        rows: (K,) from 0.
        columns: (K,) from 0.
        reach: pixels to either side that are fitted.

    Returns:
        (K,) each; the rest is infinite where the neighbours are too few or on a line.
    """
    shape = int(rows.max()) + 1, int(columns.max()) + 1
    x, y = columns.astype(np.float64), rows.astype(np.float64)
    size = (2 * reach + 1, 2 * reach + 1)

    def mean_of(each: np.ndarray) -> np.ndarray:
        """Sum over the square, at the pixels, over how many there are."""
        image = np.zeros(shape)
        image[rows, columns] = each
        summed = cv2.boxFilter(
            image, cv2.CV_64F, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(summed[rows, columns]) / count

    count: np.ndarray | float = 1.0
    count = np.maximum(mean_of(np.ones(len(values))), 1.0)
    mean_x, mean_y, mean_v = mean_of(x), mean_of(y), mean_of(values)
    xx, yy = mean_of(x * x) - mean_x ** 2, mean_of(y * y) - mean_y ** 2
    xy = mean_of(x * y) - mean_x * mean_y
    xv, yv = mean_of(x * values) - mean_x * mean_v, mean_of(y * values) - mean_y * mean_v
    vv = mean_of(values * values) - mean_v ** 2
    across = xx * yy - xy * xy
    good = (count >= _FEWEST) & (across > 0.02)
    across = np.where(good, across, 1.0)
    slope_x, slope_y = (yy * xv - xy * yv) / across, (xx * yv - xy * xv) / across
    dx, dy = x - mean_x, y - mean_y
    leverage = 1.0 + (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / across
    share = np.sqrt(leverage * np.minimum(1.0, _ALIKE_PX / count))
    rest = np.sqrt(np.maximum(vv - slope_x * xv - slope_y * yv, 0.0))
    return mean_v + slope_x * dx + slope_y * dy, share, np.where(good, rest, np.inf)
