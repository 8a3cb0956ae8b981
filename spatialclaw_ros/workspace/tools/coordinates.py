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


"""Coordinates from 0 to 1000, as vision-language models write them, to pixels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from PIL import Image

NORMALIZED_SIDE = 1000.0
_GROUP = re.compile(r'[\(\[]\s*(-?\d+(?:\.\d+)?(?:\s*,\s*-?\d+(?:\.\d+)?)+)\s*[\)\]]')
_NUMBER = re.compile(r'-?\d+(?:\.\d+)?')

Pixels = tuple[float, ...]


def normalized_to_pixel(
    coordinates: Any, *size: Any, image: Any = None, width: float | None = None,
    height: float | None = None,
) -> Pixels | list[Pixels]:
    """Pixels of coordinates that run from 0 to 1000 along each side of an image.

    Args:
        coordinates: text with points '(x, y)' or boxes '[x0, y0, x1, y1]'; numbers of one; a
            list of them; or x, followed by y, width and height.
        size: the image (frame, PIL, array), or its width and height.
        image: the same by name.
        width: of the image in pixels.
        height: of the image in pixels.

    Returns:
        (x, y) or (x0, y0, x1, y1) for one point or box, a list of them for several.

    Raises:
        ValueError: the text names no coordinates, or they don't lie in 0..1000; or no size came.
    """
    if isinstance(coordinates, (int, float, np.number)) and len(size) in (2, 3):
        coordinates, size = (coordinates, size[0]), size[1:]
    if image is not None:
        size = (image, *size)
    if width is not None and height is not None:
        size = (width, height)
    width_px, height_px = _size(size)
    groups = _groups(coordinates)
    pixels = [_pixels(group, width_px, height_px) for group in groups]
    return pixels[0] if len(pixels) == 1 else pixels


def _size(size: tuple[Any, ...]) -> tuple[float, float]:
    if len(size) == 1:
        given = size[0]
        if isinstance(given, Image.Image):
            return float(given.width), float(given.height)
        if isinstance(given, np.ndarray) and given.ndim >= 2:
            return float(given.shape[1]), float(given.shape[0])
        if isinstance(given, (tuple, list)) and len(given) == 2:
            return float(given[0]), float(given[1])
    if len(size) == 2 and all(isinstance(each, (int, float, np.number)) for each in size):
        return float(size[0]), float(size[1])
    raise ValueError(
        'the image is needed: normalized_to_pixel(coordinates, image), or ..., width, height)')


def _groups(coordinates: Any) -> list[list[float]]:
    if isinstance(coordinates, str):
        found = [
            [float(number) for number in _NUMBER.findall(match)]
            for match in _GROUP.findall(coordinates)]
        if not found:
            numbers = [float(number) for number in _NUMBER.findall(coordinates)]
            found = [numbers] if len(numbers) in (2, 4) else []
        found = [group for group in found if len(group) in (2, 4)]
        if not found:
            raise ValueError(
                f'no (x, y) or [x0, y0, x1, y1] in {coordinates!r}'[:300]
                + '; the model may not have found it: ask again, or use tools.SAM3')
        return found
    array = np.asarray(coordinates, dtype=np.float64)
    rows = array.reshape(1, -1) if array.ndim == 1 else array
    if rows.ndim != 2 or rows.shape[1] not in (2, 4):
        raise ValueError(
            f'coordinates must be x, y or x0, y0, x1, y1, got {coordinates!r}'[:300])
    return [[float(number) for number in row] for row in rows]


def _pixels(group: list[float], width: float, height: float) -> Pixels:
    if not all(0 <= number <= NORMALIZED_SIDE for number in group):
        raise ValueError(
            f'{tuple(group)} is not within 0..1000; are these pixels already?')
    sides = (width, height) * (len(group) // 2)
    return tuple(
        min(number / NORMALIZED_SIDE * side, side - 1) for number, side in zip(group, sides))
