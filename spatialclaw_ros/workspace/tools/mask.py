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


"""`tools.Mask`: measures of masks in pixels."""

from __future__ import annotations

import numpy as np

from spatialclaw_ros.workspace.teaching import Teaching

PROMPT = """\
`tools.Mask`: `.centroid(mask)` (x, y); `.centroids(masks)` (N, 2); `.area(mask)` pixels;
  `.bounding_box(mask)` or `.mask_to_bbox(mask)` (x0, y0, x1, y1), None if empty; `.iou(a, b)`;
  `.intersection(a, b)` mask."""

Box = tuple[int, int, int, int]


class Mask(Teaching):
    """Functions of (H, W) bool masks; pixels are (x, y)."""

    def centroid(self, mask: np.ndarray) -> tuple[float, float]:
        """Mean pixel (x, y); NaN for an empty mask."""
        mask = _mask(mask)
        area = int(mask.sum())
        if not area:
            return float('nan'), float('nan')
        columns, rows = mask.sum(axis=0), mask.sum(axis=1)
        return (
            float(columns @ np.arange(len(columns)) / area),
            float(rows @ np.arange(len(rows)) / area))

    def centroids(self, masks: np.ndarray) -> np.ndarray:
        """(N, 2) mean pixels of (N, H, W) masks; NaN for empty ones."""
        return np.array([self.centroid(mask) for mask in masks]).reshape(-1, 2)

    def area(self, mask: np.ndarray) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(_mask(mask)))

    def bounding_box(self, mask: np.ndarray) -> Box | None:
        """First and last pixel (x0, y0, x1, y1), both included; None for an empty mask."""
        mask = _mask(mask)
        columns, rows = np.nonzero(mask.any(axis=0))[0], np.nonzero(mask.any(axis=1))[0]
        if not len(columns):
            return None
        return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])

    def mask_to_bbox(self, mask: np.ndarray) -> Box | None:
        """As `bounding_box`."""
        return self.bounding_box(mask)

    def intersection(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(H, W) bool: pixels of both."""
        return np.asarray(_mask(a) & _same(a, b))

    def iou(self, a: np.ndarray, b: np.ndarray) -> float:
        """Shared pixels over all pixels, 0 to 1; NaN when both are empty."""
        a, b = _mask(a), _same(a, b)
        union = int(np.count_nonzero(a | b))
        return int(np.count_nonzero(a & b)) / union if union else float('nan')


def _mask(mask: np.ndarray) -> np.ndarray:
    array = np.asarray(mask)
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 2:
        raise ValueError(
            f'expected one (H, W) mask, got {array.shape}; seg.get_mask(frame, object) gives one')
    return array.astype(bool, copy=False)


def _same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    first, second = _mask(a), _mask(b)
    if first.shape != second.shape:
        raise ValueError(f'masks must be of one size, got {first.shape} and {second.shape}')
    return second
