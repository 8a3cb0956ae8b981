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
_MEDIAN = 5
_SPECKLE = 0.05  # relative
_EDGE_TRUST = 0.3
_BESIDE = np.ones((3, 3), dtype=np.uint8)


def same_field(map_shape: tuple[int, ...], image_shape: tuple[int, ...]) -> bool:
    """Whether a map can be of the whole image: the shapes' aspects agree but for rounding."""
    ratio = (map_shape[1] / map_shape[0]) / (image_shape[1] / image_shape[0])
    return 1 / _ASPECT < ratio < _ASPECT


def upsample(
    depth: np.ndarray, confidence: np.ndarray, height: int, width: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Depth and confidence at another size.

    Args:
        depth: (h, w) float32, NaN where unknown.
        confidence: (h, w) float32 in [0, 1].
        height: of the result.
        width: of the result.

    Returns:
        (H, W) float32 depth, NaN where unknown, and (H, W) float32 confidence: 0 where unknown,
        less at and beside depth edges, and at specks that their neighbours contradict.
    """
    with np.errstate(divide='ignore'):
        inverse = 1 / np.asarray(depth, dtype=np.float32)
    away = speckle(depth)
    edges = depth_edges(inverse)
    specks = cv2.dilate((away > _SPECKLE).view(np.uint8), _BESIDE) > 0
    sure = np.where(edges, np.float32(_EDGE_TRUST), np.float32(1)) * confidence
    sure = np.asarray(sure / (1 + np.square(away / np.float32(_SPECKLE))), dtype=np.float32)
    sure[~np.isfinite(inverse)] = 0.0
    rows, columns = _source(depth.shape[0], height), _source(depth.shape[1], width)
    nearest = np.ix_(rows, columns)
    if inverse.shape == (height, width):
        return np.asarray(1 / inverse), sure
    smooth = cv2.resize(inverse, (width, height), interpolation=cv2.INTER_LINEAR)
    kept = (edges | specks)[nearest] | ~np.isfinite(smooth)
    result = np.where(kept, inverse[nearest], smooth)
    smooth_sure = cv2.resize(sure, (width, height), interpolation=cv2.INTER_LINEAR)
    return (np.asarray(1 / result, dtype=np.float32),
            np.asarray(np.where(kept, sure[nearest], smooth_sure), dtype=np.float32))


def speckle(depth: np.ndarray) -> np.ndarray:
    """How far depth (h, w) is off the median of its neighbours, (h, w) float32, relative."""
    known = np.isfinite(depth)
    near = cv2.medianBlur(np.where(known, depth, 0).astype(np.float32), _MEDIAN)
    with np.errstate(divide='ignore', invalid='ignore'):
        off = np.abs(depth / near - 1)
    return np.where(known & (near > 0), off, np.float32(0)).astype(np.float32)


def depth_edges(inverse: np.ndarray) -> np.ndarray:
    """Where inverse depth bends, and the pixels beside it; (h, w) bool."""
    edges = ~np.isfinite(inverse)
    # a median keeps steps and takes out what is not of the surface
    inverse = cv2.medianBlur(np.where(edges, 0, inverse).astype(np.float32), _MEDIAN)
    limit = np.float32(_BEND) * np.abs(inverse)
    with np.errstate(invalid='ignore'):
        edges[:, 1:-1] |= np.abs(
            inverse[:, :-2] + inverse[:, 2:] - 2 * inverse[:, 1:-1]) > limit[:, 1:-1]
        edges[1:-1] |= np.abs(
            inverse[:-2] + inverse[2:] - 2 * inverse[1:-1]) > limit[1:-1]
    return np.asarray(cv2.dilate(edges.view(np.uint8), _BESIDE) > 0)


def _source(size: int, new_size: int) -> np.ndarray:
    at = (np.arange(new_size) + 0.5) * (size / new_size) - 0.5
    return np.asarray(np.clip(np.rint(at), 0, size - 1).astype(np.intp))
