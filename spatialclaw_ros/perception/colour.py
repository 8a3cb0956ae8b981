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

"""Colour names as soft sets in OKLCh, looked up by table so that a whole image costs a few ms.

OKLab (B. Ottosson, "A perceptual color space for image processing", 2020) keeps hue where people
see it when lightness and chroma change; CIELAB turns blue into violet.
Hue angles and edges below were set by hand on sRGB's named colours and photographs of household
things; a pixel may belong to two names (teal is green and blue) with different strength.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

_BITS = 6
_LEVELS = 1 << _BITS
_SHIFT = 8 - _BITS

# Linear sRGB to the cone response, and its cube root to OKLab (Ottosson 2020).
_RGB_TO_LMS = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005]], np.float32)
_LMS_TO_OKLAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660]], np.float32)

NEUTRAL_CHROMA = 0.030
"""Chroma below which no hue is seen."""


@dataclass(frozen=True)
class ColourName:
    """A soft box in OKLCh.

    Args:
        hue_deg: interval (from, to) in degrees, may pass 0; None for any hue.
        chroma: (from, to); full membership inside.
        lightness: (from, to) in [0, 1].
        hue_soft_deg, chroma_soft, lightness_soft: width of the ramps outside the box.
        shaded: whether the same paint in the shade keeps the name; orange does, though what
            looks alike in full light is brown.
    """

    hue_deg: tuple[float, float] | None
    chroma: tuple[float, float]
    lightness: tuple[float, float]
    hue_soft_deg: float = 10.0
    chroma_soft: float = 0.03
    lightness_soft: float = 0.10
    shaded: bool = False


COLOURS: dict[str, ColourName] = {
    'red': ColourName((8, 36), (0.10, 0.4), (0.18, 0.72), 8, 0.04),
    'orange': ColourName((44, 72), (0.13, 0.4), (0.58, 0.88), 8, 0.04, 0.06, shaded=True),
    'brown': ColourName((32, 88), (0.035, 0.13), (0.18, 0.62), 12, 0.02, 0.10),
    'yellow': ColourName((84, 114), (0.10, 0.4), (0.62, 1.0), 8, 0.04, 0.12, shaded=True),
    'green': ColourName((122, 172), (0.06, 0.4), (0.15, 0.95), 10, 0.03),
    'cyan': ColourName((178, 222), (0.05, 0.3), (0.40, 1.0), 12, 0.03),
    'blue': ColourName((232, 276), (0.06, 0.4), (0.12, 0.92), 14, 0.03),
    'purple': ColourName((289, 334), (0.045, 0.4), (0.12, 0.75), 8, 0.02),
    'pink': ColourName((336, 20), (0.06, 0.3), (0.60, 0.95), 10, 0.03),
    'beige': ColourName((55, 105), (0.025, 0.11), (0.68, 0.96), 12, 0.015, 0.08),
    'white': ColourName(None, (0.0, 0.035), (0.84, 1.0), 0, 0.025, 0.14),
    'gray': ColourName(None, (0.0, 0.035), (0.34, 0.86), 0, 0.030, 0.10),
    'black': ColourName(None, (0.0, 0.035), (0.0, 0.30), 0, 0.025, 0.10),
}

SYNONYMS: dict[str, str] = {
    'grey': 'gray', 'silver': 'gray', 'silvery': 'gray', 'metallic': 'gray', 'violet': 'purple',
    'lilac': 'purple', 'lavender': 'purple', 'magenta': 'pink', 'fuchsia': 'pink', 'rose': 'pink',
    'turquoise': 'cyan', 'teal': 'cyan', 'aqua': 'cyan', 'navy': 'blue', 'azure': 'blue',
    'crimson': 'red', 'scarlet': 'red', 'maroon': 'red', 'gold': 'yellow', 'golden': 'yellow',
    'tan': 'beige', 'cream': 'beige', 'ivory': 'beige', 'wooden': 'wood', 'lime': 'green',
    'olive': 'green', 'reddish': 'red', 'bluish': 'blue', 'greenish': 'green',
    'yellowish': 'yellow', 'purplish': 'purple', 'brownish': 'brown', 'whitish': 'white',
    'grayish': 'gray', 'greyish': 'gray', 'pinkish': 'pink', 'amber': 'orange',
}

# Names made of others: a wooden thing may be brown, tan or orange-brown.
_UNIONS: dict[str, tuple[str, ...]] = {
    'wood': ('brown', 'beige'),
    'pink': ('pink', '_magenta'),
}
_HIDDEN: dict[str, ColourName] = {
    '_magenta': ColourName((334, 2), (0.16, 0.4), (0.40, 0.80), 8, 0.04),
}

NAMES: tuple[str, ...] = tuple(COLOURS)


def canonical(word: str) -> str | None:
    """Colour name behind a word, None when it is no colour."""
    word = SYNONYMS.get(word.lower(), word.lower())
    return word if word in COLOURS or word in _UNIONS else None


def is_neutral(name: str) -> bool:
    """Whether the name has no hue (white, gray, black)."""
    return name in COLOURS and COLOURS[name].hue_deg is None


def to_oklab(rgb: np.ndarray) -> np.ndarray:
    """Turn sRGB (..., 3) uint8 into OKLab (..., 3) float32: lightness 0 to 1, a, b."""
    return _oklab_table()[_index(rgb)]


def membership(rgb: np.ndarray, name: str) -> np.ndarray:
    """How much each pixel belongs to a colour name.

    Args:
        rgb: (..., 3) uint8.
        name: a canonical name.

    Returns:
        (...) float32 in [0, 1].
    """
    return _membership_table(name)[_index(rgb)]


def naming(rgb: np.ndarray) -> dict[str, float]:
    """Share of each colour name among pixels.

    Args:
        rgb: (K, 3) uint8.

    Returns:
        name to share, largest first; each pixel counts for its best name.
    """
    if len(rgb) == 0:
        return {}
    best = _best_table()[_index(rgb)]
    counts = np.bincount(best, minlength=len(NAMES)).astype(float)
    order = np.argsort(-counts)
    return {NAMES[i]: float(counts[i] / len(rgb)) for i in order if counts[i] > 0}


def smooth(rgb: np.ndarray) -> np.ndarray:
    """Image without print, grain and compression noise but with its edges."""
    return cv2.medianBlur(np.ascontiguousarray(rgb), 5)


def _index(rgb: np.ndarray) -> np.ndarray:
    small = rgb >> _SHIFT
    index = small[..., 0].astype(np.int32)
    index <<= _BITS
    index |= small[..., 1]
    index <<= _BITS
    index |= small[..., 2]
    return index


@functools.lru_cache(maxsize=1)
def _oklab_table() -> np.ndarray:
    level = ((np.arange(_LEVELS) + 0.5) * (256 / _LEVELS) - 0.5) / 255.0
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    r, g, b = np.meshgrid(linear, linear, linear, indexing='ij')
    rgb = np.stack([r, g, b], axis=-1).reshape(-1, 3).astype(np.float32)
    return np.asarray(np.cbrt(rgb @ _RGB_TO_LMS.T) @ _LMS_TO_OKLAB.T, dtype=np.float32)


@functools.lru_cache(maxsize=64)
def _membership_table(name: str) -> np.ndarray:
    if name in _UNIONS:
        parts = [_one_table(part) for part in _UNIONS[name]]
        return np.maximum.reduce(parts)
    if name not in COLOURS:
        raise ValueError(f'colour must be one of {", ".join(NAMES)}, got {name!r}')
    return _one_table(name)


@functools.lru_cache(maxsize=64)
def _one_table(name: str) -> np.ndarray:
    box = COLOURS[name] if name in COLOURS else _HIDDEN[name]
    lab = _oklab_table()
    value = _in_box(lab, box)
    if box.shaded:
        # Less light scales OKLab by one factor: undo it, and trust the result a little less.
        for gain in (1.15, 1.3, 1.5):
            value = np.maximum(value, (1.15 - 0.15 * gain) * _in_box(lab * np.float32(gain), box))
    return value.astype(np.float32)


def _in_box(lab: np.ndarray, box: ColourName) -> np.ndarray:
    lightness = lab[:, 0]
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    # In the dark the same paint has less chroma: the lower edge follows lightness.
    dim = np.clip(lightness / 0.55, 0.45, 1.0)
    low = box.chroma[0] * dim if box.hue_deg is not None else np.full_like(dim, box.chroma[0])
    value = _ramp(chroma, low, box.chroma[1], box.chroma_soft * dim)
    value *= _ramp(lightness, box.lightness[0], box.lightness[1], box.lightness_soft)
    if box.hue_deg is not None:
        hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
        start, stop = box.hue_deg
        half = ((stop - start) % 360.0) / 2
        away = np.abs((hue - (start + half) + 180.0) % 360.0 - 180.0) - half
        value *= np.clip(1.0 - away / box.hue_soft_deg, 0.0, 1.0)
        value *= np.clip((chroma - 0.5 * NEUTRAL_CHROMA) / (0.5 * NEUTRAL_CHROMA), 0.0, 1.0)
    return np.asarray(value)


@functools.lru_cache(maxsize=1)
def _best_table() -> np.ndarray:
    return np.argmax(np.stack([_membership_table(name) for name in NAMES]), axis=0)


def _ramp(
    value: np.ndarray, low: np.ndarray | float, high: float, soft: np.ndarray | float,
) -> np.ndarray:
    below = (value - low) / soft + 1.0
    above = (high - value) / soft + 1.0
    return np.clip(np.minimum(below, above), 0.0, 1.0)
