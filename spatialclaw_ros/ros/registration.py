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

import functools

import cv2
import numpy as np

from spatialclaw_ros.errors import MissingPriorError
from spatialclaw_ros.geometry.camera import PinholeCamera

ASPECT_TOLERANCE = 0.01
SEAM_PX = 0.1
MAX_TILE_PX = 12
BLEED_RATIO = 1.05
_LEVELS = 65535
_TINY = 1e-6


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
    if depth_m.shape != (depth_camera.height, depth_camera.width):
        raise ValueError(
            f'depth must be ({depth_camera.height}, {depth_camera.width}) like its camera, '
            f'got {depth_m.shape}')
    height, width = color_camera.height, color_camera.width
    rays = _turned_rays(depth_camera, tuple(T_color_depth[:3, :3].ravel().tolist()))
    x, y, z = (
        depth_m * rays[axis] + np.float32(T_color_depth[axis, 3]) for axis in range(3))
    with np.errstate(invalid='ignore', divide='ignore'):
        ahead = (z > 0) & (depth_m > 0)
        u, v = _project(color_camera, x, y, z)
        half = 0.5 * depth_m / z
        low_u, high_u = _edges(u, half * np.float32(color_camera.fx / depth_camera.fx), width)
        low_v, high_v = _edges(v, half * np.float32(color_camera.fy / depth_camera.fy), height)
        drawn = np.flatnonzero(ahead & (high_u >= low_u) & (high_v >= low_v))
    order = drawn[_far_to_near(z.ravel()[drawn])]
    z, low_u, high_u, low_v, high_v = (
        plane.ravel()[order] for plane in (z, low_u, high_u, low_v, high_v))
    first = low_v.astype(np.int32) * width + low_u.astype(np.int32)
    image = _draw_tiles(
        (height, width), first, (high_u - low_u).astype(np.int32),
        (high_v - low_v).astype(np.int32), z)
    image[_shines_through(image)] = np.nan
    return image


@functools.lru_cache(maxsize=8)
def _turned_rays(camera: PinholeCamera, rotation: tuple[float, ...]) -> np.ndarray:
    """(3, H, W) float32: x, y and z of every pixel's ray, turned into the other camera."""
    turned = np.einsum(
        'ij,hwj->ihw', np.array(rotation, np.float32).reshape(3, 3), camera.rays())
    turned = np.ascontiguousarray(turned)
    turned.setflags(write=False)
    return turned


def _project(
    camera: PinholeCamera, x: np.ndarray, y: np.ndarray, z: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of points in front of a camera; what comes for others is of no meaning."""
    if camera.is_distorted:
        pixels = camera.project(np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1))
        u, v = pixels.T.astype(np.float32).reshape(2, *z.shape)
        return u, v
    return (
        x / z * np.float32(camera.fx) + np.float32(camera.cx),
        y / z * np.float32(camera.fy) + np.float32(camera.cy))


def _edges(center: np.ndarray, half: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last pixel of tiles along one axis, cut to the image; last < first for none."""
    low = np.maximum(np.ceil(center - (half + np.float32(SEAM_PX))), 0)
    high = np.minimum(np.floor(center + (half + np.float32(SEAM_PX))), size - 1)
    return low, np.minimum(high, low + (MAX_TILE_PX - 1))


def _far_to_near(z: np.ndarray) -> np.ndarray:
    """Order of falling depth, to 1/65535 of the range: 16 bit sort in linear time."""
    if not z.size:
        return np.zeros(0, np.intp)
    far, near = float(z.max()), float(z.min())
    levels = (far - z) * np.float32(_LEVELS / max(far - near, _TINY))
    return np.argsort(np.minimum(levels, _LEVELS).astype(np.uint16), kind='stable')


def _draw_tiles(
    shape: tuple[int, int], first: np.ndarray, right: np.ndarray, down: np.ndarray, z: np.ndarray,
) -> np.ndarray:
    """Draw tiles, the nearest on top.

    Args:
        shape: of the image.
        first: (N,) flat index of each tile's first pixel, far tiles first.
        right: (N,) how many pixels it goes on to the right.
        down: (N,) and down.
        z: (N,) its depth.

    Returns:
        (H, W) float32, NaN where no tile is.
    """
    image = np.full(shape[0] * shape[1], np.inf, np.float32)
    layer = np.empty_like(image)
    for step_down in range(int(down.max(initial=-1)) + 1):
        for step_right in range(int(right.max(initial=-1)) + 1):
            reach = (right >= step_right) & (down >= step_down)
            layer.fill(np.inf)
            # Of repeated indices the last assignment stays: the nearest.
            layer[first[reach] + (step_down * shape[1] + step_right)] = z[reach]
            np.minimum(image, layer, out=image)
    image[np.isinf(image)] = np.nan
    return image.reshape(shape)


def _shines_through(depth_m: np.ndarray) -> np.ndarray:
    """Single pixels far behind both neighbours on one line: seen through a crack."""
    padded = np.pad(depth_m, 1, constant_values=np.nan)
    limit = depth_m / BLEED_RATIO
    with np.errstate(invalid='ignore'):
        near = {
            'left': padded[1:-1, :-2] < limit, 'right': padded[1:-1, 2:] < limit,
            'up': padded[:-2, 1:-1] < limit, 'down': padded[2:, 1:-1] < limit}
    return np.asarray((near['left'] & near['right']) | (near['up'] & near['down']))
