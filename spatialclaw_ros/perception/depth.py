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

"""What a depth image tells pixel by pixel: validity, edges, normals, confidence.

All of it works on inverse depth, which is linear in the image coordinates of a plane: with the
plane n . P = 1 and the point P = z r on the ray r, 1 / z = n . r. So the gradient of 1 / z gives
the normal, and its second difference is zero on every plane, however steep, and not at an edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera

MAX_DEPTH_M = 65.5
"""Farther readings are the 16-bit code for "none", 65535 mm."""

_NORMAL_WINDOW = 7
_EDGE_FLOOR_PER_M = 0.014  # a structured-light camera's steps of 1/z are a fifth of this
_EDGE_NEAR_M = 0.006  # smallest jump that is an edge, close to the camera
_GRAZING_COS = 0.08
_SURE_COS = 0.45
_NOISE_STEP, _NOISE_PIXELS = 6, 2000
_MEDIAN_TO_SIGMA = 1.4826  # of a normal distribution


@dataclass(frozen=True, eq=False)
class DepthFeatures:
    """Features of one depth image.

    Args:
        depth_m: (H, W) float32, NaN where invalid.
        normals: (H, W, 3) float32 unit, camera frame, towards the camera; NaN where unknown.
        edges: (H, W) bool, on and beside a jump in depth.
        confidence: (H, W) float32 in [0, 1], 0 where invalid.
        noise_per_m: standard deviation of the inverse depth as this image shows it, 1/m; NaN where
            too little is flat to tell.
    """

    depth_m: np.ndarray
    normals: np.ndarray
    edges: np.ndarray
    confidence: np.ndarray
    noise_per_m: float = math.nan

    def sigma_m(self, depth_m: np.ndarray) -> np.ndarray:
        """Standard deviation of depths in metres, float32: the usual or, if more, the image's."""
        usual = sigma_of(depth_m)
        if not math.isfinite(self.noise_per_m):
            return usual
        return np.asarray(np.maximum(usual, np.float32(self.noise_per_m) * depth_m * depth_m))


def clean_depth(depth_m: np.ndarray) -> np.ndarray:
    """Depth (H, W) float32 with NaN for everything that is not a distance."""
    depth = np.asarray(depth_m, dtype=np.float32)
    valid = (depth > 0) & (depth < MAX_DEPTH_M)
    return np.where(valid, depth, np.float32(np.nan))


def sigma_of(depth_m: np.ndarray) -> np.ndarray:
    """As `geometry.noise.depth_sigma_m`, in float32 for whole images."""
    away = depth_m - np.float32(0.4)
    return np.float32(0.0012) + np.float32(0.0019) * away * away


def depth_features(depth_m: np.ndarray, camera: PinholeCamera) -> DepthFeatures:
    """Compute edges, normals and confidence.

    Args:
        depth_m: (H, W) metres.
        camera: intrinsics of that size.
    """
    depth = clean_depth(depth_m)
    valid = np.isfinite(depth)
    inverse = np.zeros_like(depth)
    np.divide(np.float32(1.0), depth, out=inverse, where=valid)
    edges = _edges(inverse, valid)
    normals, cosine = _normals(inverse, valid, camera)
    confidence = _confidence(depth, valid, edges, cosine)
    return DepthFeatures(
        depth, normals, edges, confidence, inverse_noise(inverse, valid))


def inverse_noise(inverse: np.ndarray, known: np.ndarray) -> float:
    """Standard deviation of the inverse depth, from how far pixels in a row are from a line.

    The inverse depth of a plane is linear in the pixels (and the noise of stereo and structured
    light is nearly the same for all of it), so what is left of three pixels in a row is noise. They
    are some pixels apart, for matching windows make noise that neighbours share. What bends is the
    lesser part of a scene: the median leaves it out. Where a sensor's steps are wider than its
    noise, most pixels of a plane may be on one step: then it is 0, and nothing is told.

    Args:
        inverse: (H, W) 1/m.
        known: (H, W) bool, where it is known.

    Returns:
        1/m, NaN with too few pixels.
    """
    step, net = _NOISE_STEP, slice(None, None, 3)
    rows, seen = inverse[net], known[net]
    use = seen[:, :-2 * step] & seen[:, step:-step] & seen[:, 2 * step:]
    bend = np.abs(rows[:, :-2 * step] + rows[:, 2 * step:] - 2 * rows[:, step:-step])[use]
    if len(bend) < _NOISE_PIXELS:
        return math.nan
    place = int(0.5 * len(bend))
    return float(np.partition(bend, place)[place]) * _MEDIAN_TO_SIGMA / math.sqrt(6.0)


def _edges(inverse: np.ndarray, valid: np.ndarray) -> np.ndarray:
    floor = np.maximum(
        np.float32(_EDGE_FLOOR_PER_M), np.float32(_EDGE_NEAR_M) * inverse * inverse)
    edges = np.zeros(valid.shape, dtype=bool)
    center = inverse[:, 1:-1]
    bend = np.abs(inverse[:, :-2] + inverse[:, 2:] - 2 * center)
    known = valid[:, :-2] & valid[:, 2:] & valid[:, 1:-1]
    edges[:, 1:-1] |= (bend > floor[:, 1:-1]) & known
    center = inverse[1:-1]
    bend = np.abs(inverse[:-2] + inverse[2:] - 2 * center)
    known = valid[:-2] & valid[2:] & valid[1:-1]
    edges[1:-1] |= (bend > floor[1:-1]) & known
    # A jump is a line; an edge pixel without neighbours is noise.
    near = cv2.boxFilter(edges.astype(np.uint8), -1, (3, 3), normalize=False)
    return np.asarray(edges & (near >= 3))


def _normals(
    inverse: np.ndarray, valid: np.ndarray, camera: PinholeCamera,
) -> tuple[np.ndarray, np.ndarray]:
    """Normals in the camera frame, and the cosine between them and the view."""
    rays = camera.rays()
    size = (_NORMAL_WINDOW, _NORMAL_WINDOW)
    weight = cv2.blur(valid.astype(np.float32), size)
    mean = cv2.blur(inverse, size)
    known = weight > 0.55
    np.divide(mean, weight, out=mean, where=known)
    mean[~known] = np.nan
    step = _NORMAL_WINDOW // 2
    n_x = np.full_like(mean, np.nan)
    n_y = np.full_like(mean, np.nan)
    n_x[:, step:-step] = (mean[:, 2 * step:] - mean[:, :-2 * step]) * (camera.fx / (2 * step))
    n_y[step:-step] = (mean[2 * step:] - mean[:-2 * step]) * (camera.fy / (2 * step))
    x, y = rays[..., 0], rays[..., 1]
    n_z = mean - n_x * x - n_y * y
    length = np.sqrt(n_x * n_x + n_y * n_y + n_z * n_z)
    # n . P = 1 has the normal away from the camera; turned round it points to it.
    scale = np.where(length > 0, -1.0 / length, np.float32(np.nan)).astype(np.float32)
    normals = cv2.merge([n_x * scale, n_y * scale, n_z * scale])
    cosine = -mean * scale / np.sqrt(1.0 + x * x + y * y)
    return normals, cosine


def _confidence(
    depth: np.ndarray, valid: np.ndarray, edges: np.ndarray, cosine: np.ndarray,
) -> np.ndarray:
    spread = sigma_of(depth) / np.float32(0.02)
    by_range = 1.0 / (1.0 + spread * spread)
    grazing = (cosine - _GRAZING_COS) / (_SURE_COS - _GRAZING_COS)
    by_angle = 0.1 + 0.9 * np.clip(np.nan_to_num(grazing, nan=0.3), 0.0, 1.0)
    by_edge = np.ones(depth.shape, dtype=np.float32)
    kernel = np.ones((3, 3), np.uint8)
    beside = cv2.dilate((edges | ~valid).view(np.uint8), kernel, borderValue=0)
    by_edge[beside > 0] = 0.4
    by_edge[edges] = 0.1
    confidence = by_range * by_angle * by_edge
    confidence[~valid] = 0.0
    return np.asarray(confidence, dtype=np.float32)
