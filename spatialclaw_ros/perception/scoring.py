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

"""How well a thing's size and form fit the words used for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.geometry.box import oriented_box

WORST = 0.4
"""Score of a form that does not fit at all: words for forms are loose, so it never excludes."""


_OWN_TOP, _OWN_TOP_M = 0.25, 0.15  # far more than noise makes of something flat


@dataclass(frozen=True)
class Form:
    """Bounds of a kind of thing, in metres and ratios.

    Args:
        length: longer horizontal side.
        height: over its support.
        slimness: height / length.
        aspect: width / length; of one view, which shows about half of a thing.
    """

    length: tuple[float, float]
    height: tuple[float, float]
    slimness: tuple[float, float] = (0.0, 50.0)
    aspect: tuple[float, float] = (0.0, 1.0)


FORMS: dict[str, Form] = {
    'box': Form((0.03, 0.9), (0.02, 0.7), (0.22, 6.0), (0.3, 1.0)),
    'ball': Form((0.02, 0.40), (0.015, 0.40), (0.6, 1.5), (0.45, 1.0)),
    'cylinder': Form((0.02, 0.35), (0.03, 0.5), (0.5, 6.0), (0.45, 1.0)),
    'mug': Form((0.05, 0.17), (0.05, 0.17), (0.5, 2.2), (0.4, 1.0)),
    'bottle': Form((0.03, 0.16), (0.13, 0.45), (1.5, 8.0), (0.4, 1.0)),
    'sheet': Form((0.06, 1.2), (0.0, 0.02), (0.0, 0.12), (0.2, 1.0)),
    'slab': Form((0.08, 0.6), (0.0, 0.07), (0.0, 0.4), (0.3, 1.0)),
    'plate': Form((0.09, 0.40), (0.0, 0.05), (0.0, 0.3), (0.6, 1.0)),
    'bowl': Form((0.08, 0.35), (0.025, 0.15), (0.2, 0.9), (0.5, 1.0)),
    'rod': Form((0.06, 1.5), (0.0, 0.06), (0.0, 0.4), (0.0, 0.3)),
    'furniture': Form((0.30, 4.0), (0.20, 3.0)),
}
ANY_OBJECT = Form((0.015, 0.9), (0.0, 0.7))


@dataclass(frozen=True, eq=False)
class Extent:
    """Size of a thing in the world.

    Args:
        center: (3,) metres.
        length, width, height: metres; height from the box, or from its support where higher.
    """

    center: np.ndarray
    length: float
    width: float
    height: float

    @property
    def volume(self) -> float:
        """Of the box round it, flat things counted as 5 mm thick, m3."""
        return self.length * self.width * max(self.height, 0.005)


def extent_of(points: np.ndarray, height_m: float) -> Extent | None:
    """Upright box of a thing's points (K, 3); None for fewer than 10.

    Args:
        points: world.
        height_m: over its support, NaN when unknown.
    """
    if len(points) < 10:
        return None
    box = oriented_box(points, trim=2.5)
    height = max(0.0, height_m) if math.isfinite(height_m) else box.height
    if height < _OWN_TOP * box.height and box.height > _OWN_TOP_M:
        height = box.height  # measured over its own top, which was held for a surface
    return Extent(box.center, box.length, box.width, height)


def form_score(shape: str | None, extent: Extent | None) -> float:
    """Fit of a size to a shape word, in [`WORST`, 1]; 0.8 when the size is unknown."""
    if extent is None:
        return 0.8
    form = ANY_OBJECT if shape is None else FORMS[shape]
    length = max(extent.length, 1e-3)
    fits = (
        _fit(length, form.length), _fit(extent.height + 0.004, form.height),
        _fit((extent.height + 0.004) / length, form.slimness),
        _fit(extent.width / length, form.aspect))
    return WORST + (1.0 - WORST) * float(np.prod(fits))


def size_scores(size: str, extents: list[Extent | None]) -> list[float]:
    """How well each of several things fits a size word, relative to the others."""
    value = {'small': lambda e: -e.volume, 'large': lambda e: e.volume,
             'tall': lambda e: e.height, 'short': lambda e: -e.height}[size]
    known = sorted({value(extent) for extent in extents if extent is not None})
    if len(known) < 2:
        return [1.0] * len(extents)
    return [
        0.8 if extent is None else 0.5 + 0.5 * known.index(value(extent)) / (len(known) - 1)
        for extent in extents]


def _fit(value: float, bounds: tuple[float, float]) -> float:
    """1 inside, falling to 0 at twice over or half under the bounds."""
    low, high = bounds
    if value < low:
        return max(0.0, 1.0 - math.log(low / max(value, 1e-6)) / math.log(2.0))
    if value > high:
        return max(0.0, 1.0 - math.log(value / high) / math.log(2.0))
    return 1.0
