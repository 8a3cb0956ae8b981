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

"""Figure and ground on a surface: what has another colour than the surface it lies on.

The ground's colour is a quadratic function of the image coordinates, fitted robustly, so that a
table may be lit from one side. A shadow is no figure: less of the same light scales all three
coordinates of OKLab by one factor (the cube root of the light), so what lies on the line from
black through the ground's colour is the ground, down to a deep shadow.
"""

from __future__ import annotations

import cv2
import numpy as np

from spatialclaw_ros.perception.pieces import piece_of, square

_LIGHTNESS_WEIGHT = 0.45
_DEEPEST_SHADOW = 0.52  # cube root of the light left in it
_SHADE_WEIGHT = 0.05
_LEAST = 0.024  # OKLab distance that is another colour, not noise
_SPREADS = 4.0


def figure_on(
    lab: np.ndarray, ground: np.ndarray, zone: np.ndarray,
) -> np.ndarray:
    """Pixels of a zone whose colour is not that of the ground.

    Args:
        lab: (H, W, 3) float32 OKLab.
        ground: (H, W) bool: pixels that are mostly the bare surface.
        zone: (H, W) bool: where to look.

    Returns:
        (H, W) bool.
    """
    height, width = ground.shape
    rows, columns = np.nonzero(ground[::4, ::4])
    if len(rows) < 40:
        return np.zeros_like(zone)
    values = lab[::4, ::4][rows, columns] * _weights()
    basis = _basis(columns * 4.0 / width, rows * 4.0 / height)
    weights = np.ones(len(rows), dtype=np.float32)
    spread = 0.02
    coefficients = np.zeros((6, 3), dtype=np.float32)
    coefficients[0] = np.median(values, axis=0)
    for _ in range(8):
        away = np.linalg.norm(values - basis @ coefficients, axis=1)
        spread = max(0.006, 1.48 * float(np.median(away)))
        weights = 1.0 / (1.0 + (away / spread) ** 4)
        weighted = basis * weights[:, None]
        normal = weighted.T @ basis + 1e-5 * len(rows) * np.eye(6, dtype=np.float32)
        coefficients = np.linalg.solve(normal, weighted.T @ values).astype(np.float32)
    inside = piece_of(zone).box
    top, left = inside[0].start, inside[1].start
    own = zone[inside]
    x, y = np.meshgrid(
        (left + (np.arange(33) + 0.5) / 33 * own.shape[1]) / width,
        (top + (np.arange(25) + 0.5) / 25 * own.shape[0]) / height)
    coarse = (_basis(x.ravel(), y.ravel()) @ coefficients).reshape(25, 33, 3)
    expected = cv2.resize(coarse, own.shape[::-1], interpolation=cv2.INTER_LINEAR) / _weights()
    away = _unlike(lab[inside], expected)
    bare = away[ground[inside]][::7]
    limit = max(_LEAST, _SPREADS * 1.48 * float(np.median(bare)) if len(bare) else 0.0)
    figure = (own & (away > limit)).astype(np.uint8)
    figure = np.asarray(cv2.morphologyEx(figure, cv2.MORPH_OPEN, square(1)), dtype=np.uint8)
    result = np.zeros_like(zone)
    result[inside] = cv2.morphologyEx(figure, cv2.MORPH_CLOSE, square(2)) > 0
    return result


def _unlike(lab: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Distance (h, w) of colours from the ground's, shadows on it left out."""
    norm = np.maximum(np.einsum('ijk,ijk->ij', expected, expected), np.float32(1e-4))
    light = np.einsum('ijk,ijk->ij', lab, expected) / norm
    shaded = np.clip(light, np.float32(_DEEPEST_SHADOW), np.float32(1.0))
    rest = lab - expected * shaded[..., None]
    rest[..., 0] *= np.where(light > 1.0, np.float32(_LIGHTNESS_WEIGHT), np.float32(1.0))
    squared = np.einsum('ijk,ijk->ij', rest, rest)
    squared += np.square((1.0 - shaded) * np.float32(_SHADE_WEIGHT)) * norm
    return np.asarray(np.sqrt(squared))


def _weights() -> np.ndarray:
    return np.array([_LIGHTNESS_WEIGHT, 1.0, 1.0], dtype=np.float32)


def _basis(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = x.astype(np.float32), y.astype(np.float32)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
