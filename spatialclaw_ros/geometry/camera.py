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


"""Pinhole cameras with the distortion models that `sensor_msgs/CameraInfo` names."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from spatialclaw_ros.geometry.distortion import MODELS, check_coefficients, distort, undistort


@dataclass(frozen=True)
class PinholeCamera:
    """Intrinsics of one image size.

    Pixels are (x, y) with the origin at the centre of the top left pixel. Camera points are in the
    optical frame: z forward, x right, y down, metres.

    Args:
        width: pixels.
        height: pixels.
        fx: focal length along x, pixels.
        fy: focal length along y, pixels.
        cx: principal point x, pixels.
        cy: principal point y, pixels.
        distortion: coefficients in `CameraInfo.d` order; empty for a rectified image.
        model: 'plumb_bob', 'rational_polynomial' or 'equidistant'.

    Raises:
        ValueError: a size or focal length that is not positive and finite, an unknown model or a
            number of coefficients that it doesn't have.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = ()
    model: str = 'plumb_bob'

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f'image size must be positive, got {self.width}x{self.height}')
        for name in ('fx', 'fy'):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(
                    f'{name} must be a positive number of pixels, got {value}; '
                    'an uncalibrated camera publishes zeros in CameraInfo.k')
        if not (math.isfinite(self.cx) and math.isfinite(self.cy)):
            raise ValueError(f'cx and cy must be finite, got {self.cx}, {self.cy}')
        if self.model not in MODELS:
            raise ValueError(
                f'distortion model must be one of {", ".join(MODELS)}, got {self.model!r}')
        check_coefficients(self.model, self.distortion)

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3) float64 camera matrix K."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def is_distorted(self) -> bool:
        """Whether any distortion is left in the image; equidistant always is."""
        return any(self.distortion) or self.model == 'equidistant'

    def project(self, points_camera: np.ndarray) -> np.ndarray:
        """Project points into the image.

        Args:
            points_camera: (N, 3) in the optical frame.

        Returns:
            (N, 2) float64 pixels, not clipped to the image; NaN for points behind the camera or
            outside what the distortion model can describe.

        Raises:
            ValueError: the shape is another.
        """
        points = np.asarray(points_camera, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3:
            raise ValueError(f'points_camera must be (N, 3), got {points.shape}')
        depth = np.where(points[:, 2] > 0, points[:, 2], np.nan)
        plane = points[:, :2] / depth[:, None]
        if self.is_distorted:
            plane = distort(self.model, self.distortion, plane)
        return plane * (self.fx, self.fy) + (self.cx, self.cy)

    def rays_at(self, pixels: np.ndarray) -> np.ndarray:
        """Ray with z = 1 through each pixel.

        Args:
            pixels: (N, 2).

        Returns:
            (N, 3) float64; NaN where no ray in front of the camera meets the pixel.
        """
        plane = (np.asarray(pixels, dtype=np.float64) - (self.cx, self.cy)) / (self.fx, self.fy)
        if self.is_distorted:
            plane = undistort(self.model, self.distortion, plane)
        rays = np.ones((len(plane), 3))
        rays[:, :2] = plane
        rays[~np.isfinite(plane).all(axis=1)] = np.nan
        return rays

    def rays(self) -> np.ndarray:
        """(H, W, 3) float32 rays with z = 1 through every pixel's centre; cached, read-only."""
        return _image_rays(self)

    def unproject(self, depth_m: np.ndarray) -> np.ndarray:
        """Camera points of a depth image.

        Args:
            depth_m: (H, W) metres along z; NaN, infinite, 0 and negative are unknown.

        Returns:
            (H, W, 3) float32 in the optical frame, NaN where unknown.

        Raises:
            ValueError: the depth image has another size than the camera.
        """
        depth = np.asarray(depth_m, dtype=np.float32)
        if depth.shape != (self.height, self.width):
            raise ValueError(
                f'depth must be ({self.height}, {self.width}) like the camera, got {depth.shape}')
        known = np.isfinite(depth) & (depth > 0)
        depth = np.where(known, depth, np.float32(np.nan))
        return np.asarray(self.rays() * depth[..., None])

    def scaled(self, width: int, height: int) -> PinholeCamera:
        """Intrinsics of the same image resized to another size."""
        scale_x, scale_y = width / self.width, height / self.height
        return replace(
            self, width=width, height=height, fx=self.fx * scale_x, fy=self.fy * scale_y,
            cx=(self.cx + 0.5) * scale_x - 0.5, cy=(self.cy + 0.5) * scale_y - 0.5)

    def rectified(self) -> PinholeCamera:
        """The same camera matrix without distortion."""
        return replace(self, distortion=(), model='plumb_bob')


@functools.lru_cache(maxsize=8)
def _image_rays(camera: PinholeCamera) -> np.ndarray:
    x, y = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    rays = camera.rays_at(np.stack([x.ravel(), y.ravel()], axis=1))
    image = rays.astype(np.float32).reshape(camera.height, camera.width, 3)
    image.setflags(write=False)
    return image
