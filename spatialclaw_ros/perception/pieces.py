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

"""Regions of an image kept in their bounding box, so that work on them costs what they cover."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

MIN_AREA_SHARE = 0.00025
"""Least share of the image that an object covers (77 pixels of 640x480)."""

_MOST_PARTS = 60
_BORDER_SHARE = 0.0125


@dataclass(frozen=True, eq=False)
class Piece:
    """A set of pixels.

    Args:
        top, left: row and column of the box's first pixel in the image.
        mask: (h, w) bool inside the box.
        shape: (H, W) of the image.
    """

    top: int
    left: int
    mask: np.ndarray
    shape: tuple[int, int]

    @cached_property
    def area(self) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(self.mask))

    @property
    def box(self) -> tuple[slice, slice]:
        """Slices of the box in an image."""
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    @cached_property
    def is_cut(self) -> bool:
        """Whether it comes so near the image's border that it may go on outside.

        Depth often ends some pixels before colour does.
        """
        (height, width), margin = self.shape, round(_BORDER_SHARE * self.shape[1])
        rows, columns = self.indices()
        if not len(rows):
            return False
        return bool(
            rows[0] < margin or rows[-1] >= height - margin
            or columns.min() < margin or columns.max() >= width - margin)

    def full(self) -> np.ndarray:
        """(H, W) bool mask of the whole image."""
        image = np.zeros(self.shape, dtype=bool)
        image[self.box] = self.mask
        return image

    def of(self, image: np.ndarray) -> np.ndarray:
        """Values (K, ...) of an image (H, W, ...) in the piece."""
        return np.asarray(image[self.box][self.mask])

    def indices(self, only: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of its pixels, of those where `only` (H, W) holds if given."""
        chosen = self.mask if only is None else self.mask & only[self.box]
        rows, columns = np.nonzero(chosen)
        return rows + self.top, columns + self.left

    def common(self, other: Piece) -> int:
        """Pixels in both."""
        (r1, c1), (r2, c2) = self.box, other.box
        top, bottom = max(r1.start, r2.start), min(r1.stop, r2.stop)
        left, right = max(c1.start, c2.start), min(c1.stop, c2.stop)
        if top >= bottom or left >= right:
            return 0
        here = self.mask[top - self.top:bottom - self.top, left - self.left:right - self.left]
        there = other.mask[
            top - other.top:bottom - other.top, left - other.left:right - other.left]
        return int(np.count_nonzero(here & there))

    def overlap(self, other: Piece) -> float:
        """Intersection over union."""
        both = self.common(other)
        return both / max(1, self.area + other.area - both)

    def joined(self, other: Piece) -> Piece:
        """Pixels in either."""
        image = self.full()
        image[other.box] |= other.mask
        return piece_of(image)

    def filled(self) -> Piece:
        """The same without holes."""
        outside = np.pad((~self.mask).astype(np.uint8), 1, constant_values=1)
        cv2.floodFill(outside, None, (0, 0), 2)
        return Piece(self.top, self.left, outside[1:-1, 1:-1] != 2, self.shape)

    def grown(self, pixels: int) -> Piece:
        """The same with room round its box; the mask is not changed."""
        rows, columns = self.box
        top, left = max(0, rows.start - pixels), max(0, columns.start - pixels)
        bottom = min(self.shape[0], rows.stop + pixels)
        right = min(self.shape[1], columns.stop + pixels)
        mask = np.zeros((bottom - top, right - left), dtype=bool)
        mask[rows.start - top:rows.stop - top, columns.start - left:columns.stop - left] = self.mask
        return Piece(top, left, mask, self.shape)


def piece_of(mask: np.ndarray) -> Piece:
    """A mask (H, W) as a piece; an empty one has a box of one pixel."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return Piece(0, 0, np.zeros((1, 1), dtype=bool), mask.shape)
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return Piece(int(rows[0]), int(columns[0]), np.ascontiguousarray(mask[box]), mask.shape)


def components(mask: np.ndarray) -> list[Piece]:
    """Connected parts (8 neighbours) of a mask that are large enough, largest first."""
    _, label, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    least = MIN_AREA_SHARE * mask.size
    found = []
    for number in np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:_MOST_PARTS] + 1:
        left, top, width, height, area = (int(value) for value in stats[number])
        if area < least:
            break
        own = label[top:top + height, left:left + width] == number
        found.append(Piece(top, left, own, mask.shape))
    return found


def components_of(piece: Piece) -> Piece:
    """A piece without its specks: parts of less than a twentieth of the largest are left out."""
    count, label, stats, _ = cv2.connectedComponentsWithStats(piece.mask.astype(np.uint8))
    mask = piece.mask
    if count > 2:
        areas = stats[1:, cv2.CC_STAT_AREA]
        mask = np.isin(label, np.flatnonzero(areas >= 0.05 * areas.max()) + 1)
    return part_of(piece, mask)


def part_of(piece: Piece, mask: np.ndarray) -> Piece:
    """Some pixels of a piece in a box of their own, from a mask (h, w) in the piece's box."""
    own = piece_of(mask)
    return Piece(piece.top + own.top, piece.left + own.left, own.mask, piece.shape)


def disc(radius: int) -> np.ndarray:
    """Round structuring element."""
    return np.asarray(cv2.getStructuringElement(
        cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))


def square(radius: int) -> np.ndarray:
    """Square structuring element, which costs the same at any size."""
    return np.ones((2 * radius + 1, 2 * radius + 1), dtype=np.uint8)
