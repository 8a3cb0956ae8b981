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



"""Images as the network sees them: resized once, and beside each other where shapes differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from spatialclaw_ros.perception.depth_anything.options import PATCH

MEAN = (0.485, 0.456, 0.406)
SPREAD = (0.229, 0.224, 0.225)
_LEAST_RES = 224


@dataclass(frozen=True)
class Window:
    """Where an image lies in what the network sees.

    Args:
        top: first row.
        left: first column.
        height: rows; the whole image in this many.
        width: columns.
    """

    top: int
    left: int
    height: int
    width: int

    def cut(self, values: np.ndarray) -> np.ndarray:
        """The window of a map (H, W)."""
        return values[self.top:self.top + self.height, self.left:self.left + self.width]


@dataclass(frozen=True, eq=False)
class Canvas:
    """Images of one call at one size.

    Args:
        pixels: (N, H, W, 3) uint8 RGB, H and W multiples of 14.
        windows: of the N images.
    """

    pixels: np.ndarray
    windows: tuple[Window, ...]

    @property
    def padded(self) -> tuple[int, ...]:
        """Positions of the images that don't fill the canvas."""
        size = self.pixels.shape[1:3]
        return tuple(at for at, each in enumerate(self.windows)
                     if (each.height, each.width) != size)


def fitted_size(height: int, width: int, process_res: int, method: str) -> tuple[int, int]:
    """Height and width at which the network sees an image: multiples of 14, aspect nearly kept.

    As the package does it: one side becomes `process_res`, both the nearest multiple.
    """
    side = max(height, width) if method == 'upper_bound_resize' else min(height, width)
    scale = process_res / side
    return _whole(round(height * scale)), _whole(round(width * scale))


def reduced_res(process_res: int, count: int, batch: int) -> int:
    """`process_res` at which `count` images have no more pixels than `batch` have in full."""
    if count <= batch:
        return process_res
    return max(min(process_res, _LEAST_RES), int(process_res * math.sqrt(batch / count)))


def make_canvas(images: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]) -> Canvas:
    """Resize images, and centre those that are smaller than the largest height and width.

    A network that sees all images at once needs one size. Cut to it, a part of the image would be
    without depth; squeezed, its pixels would not be square. The border is of the mean colour of
    the images it was trained on, which the network gets as zeros, and its optical axis stays in
    the middle, where the network takes it to be.

    Args:
        images: N times (H, W, 3) uint8.
        sizes: N times height and width to resize to.
    """
    height, width = (max(each[axis] for each in sizes) for axis in (0, 1))
    pixels = np.empty((len(images), height, width, 3), dtype=np.uint8)
    windows = []
    for target, image, (rows, columns) in zip(pixels, images, sizes):
        window = Window((height - rows) // 2, (width - columns) // 2, rows, columns)
        if (rows, columns) != (height, width):
            target[:] = np.rint(np.multiply(MEAN, 255))
        target[window.top:window.top + rows, window.left:window.left + columns] = _resized(
            image, rows, columns)
        windows.append(window)
    return Canvas(pixels, tuple(windows))


def _resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    if image.shape[:2] == (height, width):
        return image
    grows = height > image.shape[0] or width > image.shape[1]
    return np.asarray(cv2.resize(
        image, (width, height), interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA))


def _whole(pixels: int) -> int:
    return max(PATCH, PATCH * ((pixels + PATCH // 2) // PATCH))
