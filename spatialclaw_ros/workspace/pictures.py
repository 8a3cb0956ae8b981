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


"""Anything a cell may want to look at, as an (H, W, 3) uint8 RGB array."""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Okabe and Ito (2008), readable for the colour-blind; yellow and black left out
PALETTE = (
    (230, 120, 20), (40, 160, 230), (20, 170, 110), (215, 70, 160), (240, 190, 40),
    (30, 100, 200), (200, 60, 40), (130, 90, 220), (110, 190, 50), (0, 190, 190))


def colour_of(number: int) -> tuple[int, int, int]:
    """RGB colour of the n-th object; the same in every picture."""
    return PALETTE[number % len(PALETTE)]


def to_rgb(picture: Any) -> np.ndarray:
    """Pixels of a picture.

    Args:
        picture: PIL image or frame; array (H, W, 3 or 4) uint8 or float in [0, 1]; (H, W) uint8
            grey, bool mask, or numbers, which are colour-mapped (NaN is black); (N, H, W) bool
            masks; a Matplotlib figure.

    Returns:
        (H, W, 3) uint8 RGB; may share memory with the picture.

    Raises:
        TypeError: it is none of these.
    """
    if hasattr(picture, 'savefig') and hasattr(picture, 'canvas'):
        return _from_figure(picture)
    if isinstance(picture, Image.Image):
        if picture.mode != 'RGB':
            picture = picture.convert('RGB')
        return np.asarray(picture)
    if not isinstance(picture, np.ndarray):
        raise TypeError(
            'a picture is a frame, a PIL image, an array or a Matplotlib figure, got '
            f'{type(picture).__name__}')
    return _from_array(np.asarray(picture))


def _from_array(array: np.ndarray) -> np.ndarray:
    if array.size == 0:
        raise TypeError(f'an empty array of shape {array.shape} is no picture')
    if array.dtype == bool:
        if array.ndim == 3:
            return _from_masks(array)
        if array.ndim == 2:
            return np.repeat((array * np.uint8(255))[..., None], 3, axis=2)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim == 2:
        if array.dtype == np.uint8:
            return np.repeat(array[..., None], 3, axis=2)
        return colour_map(array)
    if array.ndim == 3 and array.shape[2] in (3, 4):
        if array.dtype != np.uint8:
            scale = 255.0 if np.issubdtype(array.dtype, np.floating) and (
                not np.nanmax(array) > 1.0) else 1.0
            array = np.clip(np.nan_to_num(array * scale), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(array[..., :3])
    raise TypeError(
        f'an array must be (H, W), (H, W, 3), (H, W, 4), or (N, H, W) bool, got {array.shape} '
        f'{array.dtype}')


def colour_map(values: np.ndarray) -> np.ndarray:
    """Colours of an (H, W) array of numbers, from its 2nd to its 98th percentile; NaN is black."""
    values = values.astype(np.float32)
    known = np.isfinite(values)
    if not known.any():
        return np.zeros((*values.shape, 3), dtype=np.uint8)
    low, high = np.percentile(values[known], (2, 98))
    span = high - low if high > low else 1.0
    grey = np.clip((np.where(known, values, low) - low) / span * 255, 0, 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    colours[~known] = 0
    return np.asarray(colours)


def _from_masks(masks: np.ndarray) -> np.ndarray:
    picture = np.zeros((*masks.shape[1:], 3), dtype=np.uint8)
    for number, mask in enumerate(masks):
        picture[mask] = colour_of(number)
    return picture


def _from_figure(figure: Any) -> np.ndarray:
    if not hasattr(figure.canvas, 'buffer_rgba'):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        FigureCanvasAgg(figure)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


@functools.lru_cache(maxsize=1)
def _font_bytes() -> bytes:
    return (Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / 'DejaVuSans.ttf').read_bytes()


@functools.lru_cache(maxsize=16)
def font(size_px: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, as Matplotlib brings it."""
    return ImageFont.truetype(io.BytesIO(_font_bytes()), size_px)


def put_label(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str,
    colour: tuple[int, int, int], size_px: int = 13,
) -> None:
    """Write white or black text on a patch of colour, kept inside the picture.

    Args:
        draw: of the picture.
        at: pixel x, y of the patch's lower left corner.
        text: one line.
        colour: RGB of the patch.
        size_px: height of the letters.
    """
    face = font(size_px)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=face)
    width, height = right - left + 8, size_px + 6
    image_width, image_height = draw.im.size
    x = min(max(at[0], 0), max(image_width - width, 0))
    y = min(max(at[1] - height, 0), max(image_height - height, 0))
    draw.rectangle((x, y, x + width, y + height), fill=colour)
    bright = 0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2] > 150
    draw.text(
        (x + 4 - left, y + (height - (bottom - top)) / 2 - top), text, font=face,
        fill=(0, 0, 0) if bright else (255, 255, 255))


_font_bytes()  # read before a sandbox closes the file system
