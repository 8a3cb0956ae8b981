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


"""What worlds are furnished with: nouns, colours, and household sizes to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from spatialclaw_ros.geometry.se3 import make_transform
from spatialclaw_ros.sim import objects
from spatialclaw_ros.sim.objects import Geom, SceneObject

Rgb = tuple[float, float, float]
HERE = np.zeros(3)

PALETTE: Mapping[str, Rgb] = {
    'red': (0.72, 0.05, 0.05), 'blue': (0.05, 0.16, 0.62), 'green': (0.06, 0.45, 0.10),
    'yellow': (0.90, 0.72, 0.04), 'purple': (0.36, 0.12, 0.50), 'orange': (0.93, 0.36, 0.03),
    'white': (0.84, 0.84, 0.825), 'pink': (0.90, 0.46, 0.60), 'cyan': (0.05, 0.58, 0.64),
    'black': (0.055, 0.055, 0.06),
}
"""Paints by the names that people give them."""


@dataclass(frozen=True)
class Model:
    """One kind of thing.

    Args:
        make: from name, paint and sizes in metres, standing at the origin.
        sizes: range of each size that `make` takes.
        flat: whether other things can stand on it.
        round: whether it rolls.
    """

    make: Callable[..., SceneObject]
    sizes: tuple[tuple[float, float], ...]
    flat: bool = False
    round: bool = False

    def draw(self, random: np.random.Generator) -> tuple[float, ...]:
        """Sizes of one thing, in whole millimetres."""
        return tuple(round(float(random.uniform(*size)), 3) for size in self.sizes)


def named(model: Model, name: str, kind: str, rgb: Rgb, sizes: tuple[float, ...]) -> SceneObject:
    """Make a thing at the origin."""
    return replace(model.make(name, rgb, *sizes), kind=kind)


def placed(thing: SceneObject, position: np.ndarray, yaw_rad: float) -> SceneObject:
    """The same thing somewhere else."""
    return replace(thing, position=np.asarray(position, np.float64), yaw_rad=float(yaw_rad))


def solid(name: str, geoms: list[Geom]) -> SceneObject:
    """An object of some geoms, at the origin."""
    return SceneObject(name, name, tuple(geoms), HERE)


def upright(radius: float, low: float, high: float, rgba: tuple[float, float, float, float],
            material: str = 'gloss') -> Geom:
    """A cylinder about z from one height to another."""
    return Geom('cylinder', (radius, (high - low) / 2), objects.at(0, 0, (low + high) / 2), rgba,
                material)


def block(low: tuple[float, float, float], high: tuple[float, float, float],
          rgba: tuple[float, float, float, float], material: str = 'matt') -> Geom:
    """A box between two corners."""
    a, b = np.array(low), np.array(high)
    half = tuple(float(value) for value in (b - a) / 2)
    return Geom('box', half, make_transform(np.eye(3), (a + b) / 2), rgba, material)


def _box(name: str, rgb: Rgb, length: float, width: float, height: float) -> SceneObject:
    return objects.box(name, rgb, (length, width, height), HERE, 0.0)


def _cube(name: str, rgb: Rgb, side: float) -> SceneObject:
    return _box(name, rgb, side, side, side)


def _ball(name: str, rgb: Rgb, radius: float) -> SceneObject:
    return objects.ball(name, rgb, radius, HERE)


def _mug(name: str, rgb: Rgb, radius: float, height: float) -> SceneObject:
    return objects.mug(name, rgb, HERE, 0.0, radius=radius, height=height)


def _cup(name: str, rgb: Rgb, radius: float, height: float) -> SceneObject:
    return solid(name, [
        upright(radius, 0, height, (*rgb, 1.0)),
        upright(radius - 0.005, height - 0.0017, height + 0.0003, objects.darker(rgb, 0.85))])


def _bottle(name: str, rgb: Rgb, radius: float, height: float) -> SceneObject:
    return objects.bottle(name, rgb, HERE, radius=radius, height=height)


def _can(name: str, rgb: Rgb, radius: float, height: float) -> SceneObject:
    grey = (0.62, 0.63, 0.64, 1.0)
    return solid(name, [
        upright(radius, 0, height, (*rgb, 1.0)),
        upright(radius - 0.007, height - 0.0017, height + 0.0003, grey)])


def _book(name: str, rgb: Rgb, length: float, width: float, height: float) -> SceneObject:
    return objects.book(name, rgb, (length, width, height), HERE, 0.0)


def _plate(name: str, rgb: Rgb, radius: float) -> SceneObject:
    return objects.plate(name, rgb, radius, HERE)


def _bowl(name: str, rgb: Rgb, radius: float, height: float) -> SceneObject:
    rings = 8
    heights = np.linspace(0, height, rings + 1)
    widths = radius * (0.5 + 0.5 * np.sqrt((heights[1:] - heights[1] / 2) / height))
    return solid(name, [
        *(upright(float(wide), float(low), float(high), (*rgb, 1.0))
          for wide, low, high in zip(widths, heights, heights[1:])),
        upright(float(widths[-1]) - 0.006, height - 0.0017, height + 0.0003,
                objects.darker(rgb, 0.85))])


def _crate(name: str, rgb: Rgb, length: float, width: float, height: float) -> SceneObject:
    x, y, paint, dark = length / 2, width / 2, (*rgb, 1.0), objects.darker(rgb, 0.75)
    slats, inset = 4, 0.012
    pitch = height / slats
    geoms = [block((inset - x, inset - y, 0.005), (x - inset, y - inset, height - 0.01), dark)]
    geoms += [block((-x, -y, n * pitch), (x, y, (n + 0.8) * pitch), paint)
              for n in range(slats - 1)]
    return solid(name, [
        *geoms, block((-x, -y, height - 0.8 * pitch), (x, y, height), paint)])


def _chair(name: str, rgb: Rgb, side: float, seat: float, back: float) -> SceneObject:
    half, paint, leg = side / 2, (*rgb, 1.0), 0.02
    legs = [block((sx * (half - leg) - leg, sy * (half - leg) - leg, 0),
                  (sx * (half - leg) + leg, sy * (half - leg) + leg, seat - 0.04), paint)
            for sx in (-1, 1) for sy in (-1, 1)]
    return solid(name, [
        *legs, block((-half, -half, seat - 0.04), (half, half, seat), paint),
        block((-half, -half, seat), (-half + 0.035, half, seat + back), paint)])


def _stool(name: str, rgb: Rgb, radius: float, height: float) -> SceneObject:
    paint = (*rgb, 1.0)
    return solid(name, [
        upright(0.8 * radius, 0, 0.02, paint), upright(0.035, 0.02, height - 0.05, paint),
        upright(radius, height - 0.05, height, paint)])


def _bin(name: str, rgb: Rgb, radius: float, height: float) -> SceneObject:
    return solid(name, [
        upright(radius, 0, height, (*rgb, 1.0), 'matt'),
        upright(radius - 0.01, height - 0.0017, height + 0.0003, objects.darker(rgb, 0.6))])


ON_TABLES: Mapping[str, Model] = {
    'box': Model(_box, ((0.09, 0.20), (0.06, 0.13), (0.05, 0.13)), flat=True),
    'block': Model(_cube, ((0.040, 0.060),), flat=True),
    'ball': Model(_ball, ((0.025, 0.048),), round=True),
    'mug': Model(_mug, ((0.036, 0.045), (0.080, 0.105))),
    'cup': Model(_cup, ((0.034, 0.042), (0.080, 0.110))),
    'bottle': Model(_bottle, ((0.028, 0.040), (0.180, 0.280))),
    'can': Model(_can, ((0.030, 0.040), (0.090, 0.130))),
    'book': Model(_book, ((0.17, 0.26), (0.12, 0.18), (0.022, 0.045)), flat=True),
    'plate': Model(_plate, ((0.085, 0.125),)),
    'bowl': Model(_bowl, ((0.060, 0.085), (0.045, 0.070))),
}
ON_FLOORS: Mapping[str, Model] = {
    'box': Model(_box, ((0.30, 0.55), (0.25, 0.40), (0.20, 0.45)), flat=True),
    'crate': Model(_crate, ((0.40, 0.60), (0.30, 0.40), (0.22, 0.40)), flat=True),
    'suitcase': Model(_box, ((0.38, 0.48), (0.20, 0.26), (0.52, 0.68))),
    'ball': Model(_ball, ((0.090, 0.140),), round=True),
    'chair': Model(_chair, ((0.40, 0.46), (0.43, 0.47), (0.38, 0.46))),
    'stool': Model(_stool, ((0.15, 0.19), (0.42, 0.62))),
    'bin': Model(_bin, ((0.12, 0.18), (0.28, 0.45))),
}
"""Kinds by noun; a bowl's, a cup's and a bin's filling stands 0.3 mm over the rim."""
