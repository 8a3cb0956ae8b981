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


"""A model's maps at the size of the image they are of, aligned to the pixel.

Pixels are counted from their centres: of a map of width w, what stands at x belongs to the image's
(x + 1/2) W / w - 1/2. Inverse depth is what is interpolated, as it is linear over a plane; not at
an edge, where a mean of near and far would be a surface that nobody saw.
"""

from __future__ import annotations

import cv2
import numpy as np

_BEND = 0.03  # second difference of inverse depth, as a share of it, that is an edge
_ASPECT = 1.1


def same_field(map_shape: tuple[int, ...], image_shape: tuple[int, ...]) -> bool:
    """Whether a map can be of the whole image: the shapes' aspects agree but for rounding."""
    ratio = (map_shape[1] / map_shape[0]) / (image_shape[1] / image_shape[0])
    return 1 / _ASPECT < ratio < _ASPECT


def upsample_depth(depth: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Depth at another size.

    Args:
        depth: (h, w) float32, NaN where unknown.
        height: of the result.
        width: of the result.

    Returns:
        (H, W) float32, NaN where unknown, and (H, W) bool, true at and beside depth edges, where
        the nearest value stands.
    """
    with np.errstate(divide='ignore'):
        inverse = 1 / np.asarray(depth, dtype=np.float32)
    edges = depth_edges(inverse)
    nearest = _nearest(inverse, height, width)
    at_edge = _nearest(edges, height, width)
    if inverse.shape == (height, width):
        return np.asarray(1 / nearest), at_edge
    smooth = cv2.resize(inverse, (width, height), interpolation=cv2.INTER_LINEAR)
    result = np.where(at_edge | ~np.isfinite(smooth), nearest, smooth)
    return np.asarray(1 / result, dtype=np.float32), at_edge


def upsample(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Values (h, w) float32 without unknown ones at another size, bilinear."""
    return np.asarray(cv2.resize(
        np.asarray(values, dtype=np.float32), (width, height), interpolation=cv2.INTER_LINEAR))


def depth_edges(inverse: np.ndarray) -> np.ndarray:
    """Where inverse depth bends, and the pixels beside it; (h, w) bool."""
    edges = ~np.isfinite(inverse)
    limit = np.float32(_BEND) * np.abs(inverse)
    with np.errstate(invalid='ignore'):
        edges[:, 1:-1] |= np.abs(
            inverse[:, :-2] + inverse[:, 2:] - 2 * inverse[:, 1:-1]) > limit[:, 1:-1]
        edges[1:-1] |= np.abs(
            inverse[:-2] + inverse[2:] - 2 * inverse[1:-1]) > limit[1:-1]
    kernel = np.ones((3, 3), dtype=np.uint8)
    return np.asarray(cv2.dilate(edges.view(np.uint8), kernel) > 0)


def _nearest(values: np.ndarray, height: int, width: int) -> np.ndarray:
    rows = _source(values.shape[0], height)
    columns = _source(values.shape[1], width)
    return np.asarray(values[rows[:, None], columns[None, :]])


def _source(size: int, new_size: int) -> np.ndarray:
    at = (np.arange(new_size) + 0.5) * (size / new_size) - 0.5
    return np.asarray(np.clip(np.rint(at), 0, size - 1).astype(np.intp))
