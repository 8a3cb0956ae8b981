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


"""Masks drawn over their frame."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from spatialclaw_ros.workspace.pictures import PALETTE, colour_of, put_label

_ALPHA = 0.45


@functools.lru_cache(maxsize=len(PALETTE))
def _blends(colour: tuple[int, int, int]) -> np.ndarray:
    """(1, 256, 3) what each value of each channel becomes under a colour."""
    values = np.repeat(np.arange(256, dtype=np.float64)[:, None], 3, axis=1)
    return np.rint(values * (1 - _ALPHA) + _ALPHA * np.array(colour)).astype(np.uint8)[None]


def draw_masks(
    picture: np.ndarray, masks: np.ndarray, labels: Sequence[str], scores: Sequence[float],
    note: str = '',
) -> Image.Image:
    """Colour, outline and name masks.

    Args:
        picture: (H, W, 3) uint8.
        masks: (N, H, W) bool.
        labels: N names.
        scores: N scores in [0, 1]; the object is named only where it is seen.
        note: written at the top left, '' for none.

    Returns:
        A new RGB picture of the same size.
    """
    canvas = picture.copy()
    names = []
    for number, mask in enumerate(masks):
        x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
        if not width:
            continue
        colour = colour_of(number)
        window = np.s_[y:y + height, x:x + width]
        part, inside = canvas[window], mask.view(np.uint8)[window]
        cv2.copyTo(cv2.LUT(part, _blends(colour)), inside, part)
        outlines, _ = cv2.findContours(
            inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))
        cv2.drawContours(canvas, outlines, -1, colour, 2, cv2.LINE_AA)
        names.append((x, y, f'{number} {labels[number]} {scores[number]:.2f}', colour))
    image = Image.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    size = max(11, min(18, picture.shape[1] // 45))
    for x, y, text, colour in names:
        put_label(draw, (x, y), text, colour, size)
    if note:
        put_label(draw, (0, size + 6), note, (60, 60, 60), size)
    return image
