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

"""Depth images brought to the colour camera: what each colour pixel sees, how far away it is."""

from __future__ import annotations

import cv2
import numpy as np

from spatialclaw_ros.errors import MissingPriorError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import transform_points

ASPECT_TOLERANCE = 0.01
SEAM_PX = 0.1
MAX_TILE_PX = 12
BLEED_RATIO = 1.05


def resize_depth(depth_m: np.ndarray, width: int, height: int) -> np.ndarray:
    """Depth of the same view at another size; nearest neighbour, so that no depth is made up.

    Args:
        depth_m: (h, w) float32 metres, NaN where unknown.
        width: wanted, pixels.
        height: wanted, pixels.

    Returns:
        (height, width) float32.

    Raises:
        MissingPriorError: the shapes differ by more than a scale.
    """
    rows, columns = depth_m.shape
    if (rows, columns) == (height, width):
        return depth_m
    if abs((columns / width) / (rows / height) - 1.0) > ASPECT_TOLERANCE:
        raise MissingPriorError(
            f'depth is {columns}x{rows}, colour is {width}x{height}, another shape, and depth has '
            'no CameraInfo of its own to bring it over; set depth_camera_info')
    return np.asarray(cv2.resize(depth_m, (width, height), interpolation=cv2.INTER_NEAREST_EXACT))


def register_depth(
    depth_m: np.ndarray, depth_camera: PinholeCamera, color_camera: PinholeCamera,
    T_color_depth: np.ndarray,
) -> np.ndarray:
    """Project a depth image into the colour camera, nearest surface first.

    Every depth pixel is drawn as the tile that it covers in the colour image at its depth, so that
    a near surface has no gaps that a far one could shine through. What no tile reaches is a hole.

    Args:
        depth_m: (h, w) float32 metres along z of the depth camera, NaN where unknown.
        depth_camera: its intrinsics, of size (h, w).
        color_camera: intrinsics of the colour image, of size (H, W).
        T_color_depth: (4, 4), points of the depth camera into the colour camera.

    Returns:
        (H, W) float32 metres along z of the colour camera, NaN in holes.

    Raises:
        ValueError: the depth image has another size than its camera.
    """
    shape = (color_camera.height, color_camera.width)
    known = np.isfinite(depth_m) & (depth_m > 0)
    points = transform_points(T_color_depth, depth_camera.unproject(depth_m)[known])
    source_z = depth_m[known]
    z = points[:, 2]
    pixels = color_camera.project(points)
    ahead = np.isfinite(pixels).all(axis=1)
    pixels, z, source_z = pixels[ahead], z[ahead], source_z[ahead]
    scale = source_z / z
    half = np.stack([
        0.5 * scale * color_camera.fx / depth_camera.fx,
        0.5 * scale * color_camera.fy / depth_camera.fy], axis=1) + SEAM_PX
    first = np.ceil(pixels - half)
    count = np.clip(np.floor(pixels + half) - first + 1, 0, MAX_TILE_PX)
    inside = ((first < (shape[1], shape[0])) & (first + count > 0) & (count > 0)).all(axis=1)
    first, count, z = first[inside].astype(np.int64), count[inside].astype(np.int64), z[inside]
    nearest_z = np.full(shape, np.inf, np.float32)
    flat = nearest_z.reshape(-1)
    order = np.argsort(-z, kind='stable')
    first, count, z = first[order], count[order], z[order]
    for down in range(int(count[:, 1].max(initial=0))):
        for right in range(int(count[:, 0].max(initial=0))):
            x, y = first[:, 0] + right, first[:, 1] + down
            drawn = (
                (right < count[:, 0]) & (down < count[:, 1])
                & (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0]))
            at = y[drawn] * shape[1] + x[drawn]
            layer = np.full(flat.shape, np.inf, np.float32)
            # Far to near: of repeated indices the last assignment stays.
            layer[at] = z[drawn]
            np.minimum(flat, layer, out=flat)
    nearest_z[np.isinf(nearest_z)] = np.nan
    nearest_z[_shines_through(nearest_z)] = np.nan
    return nearest_z


def _shines_through(depth_m: np.ndarray) -> np.ndarray:
    """Single pixels far behind both neighbours on one line: seen through a crack."""
    padded = np.pad(depth_m, 1, constant_values=np.nan)
    limit = depth_m / BLEED_RATIO
    with np.errstate(invalid='ignore'):
        near = {
            'left': padded[1:-1, :-2] < limit, 'right': padded[1:-1, 2:] < limit,
            'up': padded[:-2, 1:-1] < limit, 'down': padded[2:, 1:-1] < limit}
    return np.asarray((near['left'] & near['right']) | (near['up'] & near['down']))
