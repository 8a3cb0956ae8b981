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


"""`tools.Draw`: marks on a copy of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from spatialclaw_ros.workspace.pictures import colour_of, put_label, to_rgb
from spatialclaw_ros.workspace.teaching import Teaching

PROMPT = """\
`tools.Draw` gives a new picture: `.draw_bbox(image, box, label=None, color=None, width=3)`,
  `.draw_line(image, start, end, label=None, ...)`, `.draw_point(image, point, label=None,
  color=None, radius=6)`; pixels (x, y), or lists of them; chain the calls."""

Colour = str | Sequence[int] | None


class Draw(Teaching):
    """Each function returns a new RGB picture; the image given stays as it is."""

    def draw_bbox(
        self, image: Any, box: Any, label: str | Sequence[str] | None = None,
        color: Colour = None, width: int = 3,
    ) -> Image.Image:
        """Draw a box, or several.

        Args:
            image: frame or any picture.
            box: (4,) pixels x0, y0, x1, y1, or (N, 4).
            label: text at each box.
            color: name or RGB; one colour per box when left out.
            width: of the line, pixels.
        """
        picture, draw, size = _canvas(image)
        boxes = _numbers(box, 4, 'box must be (x0, y0, x1, y1)')
        for number, (x0, y0, x1, y1) in enumerate(boxes):
            colour = _colour(color, number)
            left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
            draw.rectangle((left, top, right, bottom), outline=colour, width=width)
            text = _text(label, number)
            if text:
                put_label(draw, (left, top), text, colour, size)
        return picture

    def draw_line(
        self, image: Any, start: Any, end: Any, label: str | None = None,
        color: Colour = None, width: int = 3,
    ) -> Image.Image:
        """Draw a line between two pixels, with dots at its ends and a label at its middle."""
        picture, draw, size = _canvas(image)
        (a,), (b,) = _numbers(start, 2, 'start must be (x, y)'), _numbers(
            end, 2, 'end must be (x, y)')
        colour = _colour(color, 0)
        draw.line((*a, *b), fill=colour, width=width)
        for x, y in (a, b):
            radius = width + 1
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour,
                         outline=(255, 255, 255))
        if label:
            put_label(draw, ((a[0] + b[0]) / 2 + 6, (a[1] + b[1]) / 2 - 4), label, colour, size)
        return picture

    def draw_point(
        self, image: Any, point: Any, label: str | Sequence[str] | None = None,
        color: Colour = None, radius: int = 6,
    ) -> Image.Image:
        """Draw a point (2,), or several (N, 2), each with its label."""
        picture, draw, size = _canvas(image)
        for number, (x, y) in enumerate(_numbers(point, 2, 'point must be (x, y)')):
            colour = _colour(color, number)
            for reach, fill in ((radius + 2, (255, 255, 255)), (radius, colour)):
                draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill)
            text = _text(label, number)
            if text:
                put_label(draw, (x + radius + 3, y - radius + 2), text, colour, size)
        return picture


def _canvas(image: Any) -> tuple[Image.Image, ImageDraw.ImageDraw, int]:
    array = to_rgb(image)
    picture = Image.fromarray(array.copy())
    return picture, ImageDraw.Draw(picture), max(12, min(20, array.shape[1] // 40))


def _numbers(value: Any, width: int, expected: str) -> list[list[float]]:
    array = np.asarray(value, dtype=np.float64)
    rows = array.reshape(1, -1) if array.ndim == 1 else array
    if rows.ndim != 2 or rows.shape[1] != width or not np.isfinite(rows).all():
        raise ValueError(f'{expected} finite pixels, or a list of such, got {value!r}'[:300])
    return [[float(number) for number in row] for row in rows]


def _colour(colour: Colour, number: int) -> tuple[int, int, int]:
    if colour is None:
        return colour_of(number)
    if isinstance(colour, str):
        return ImageColor.getrgb(colour)[:3]
    red, green, blue = (int(part) for part in list(colour)[:3])
    return red, green, blue


def _text(label: str | Sequence[str] | None, number: int) -> str:
    if label is None or isinstance(label, str):
        return label or ''
    return str(label[number]) if number < len(label) else ''
