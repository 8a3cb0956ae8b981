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

"""The household objects of the simulated scene, each made of a few primitive geoms."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np

from spatialclaw_ros.geometry.se3 import make_transform

SEGMENT_DIRECTIONS = 6


@dataclass(frozen=True, eq=False)
class Geom:
    """One primitive, placed in its object's frame (origin on the support, z up).

    Args:
        type: 'box', 'sphere', 'cylinder', 'capsule' or 'ellipsoid', as MuJoCo names them.
        size: MuJoCo's half sizes in metres: box and ellipsoid 3, cylinder and capsule radius
            and half length along z, sphere radius.
        T_object_geom: (4, 4) float64.
        rgba: colour, four numbers in [0, 1].
        material: name of an MJCF material, '' for a plain colour.
    """

    type: str
    size: tuple[float, ...]
    T_object_geom: np.ndarray
    rgba: tuple[float, float, float, float]
    material: str = 'gloss'


@dataclass(frozen=True, eq=False)
class SceneObject:
    """An object as a person would name it.

    Args:
        name: unique, such as 'red mug' or 'orange ball 2'.
        kind: what it is called in a question, such as 'orange ball'; several may share it.
        geoms: its primitives.
        position: (3,) where its origin lies in the scene's frame (`base_link` in the demo), metres.
        yaw_rad: turn about z.
    """

    name: str
    kind: str
    geoms: tuple[Geom, ...]
    position: np.ndarray
    yaw_rad: float = 0.0
    T_scene_object: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, 'T_scene_object', make_transform(_yaw(self.yaw_rad), self.position))


def mug(name: str, rgb: tuple[float, float, float], position: np.ndarray, yaw_rad: float, *,
        radius: float = 0.040, height: float = 0.095) -> SceneObject:
    """Make a mug, metres; its handle points along the object's x."""
    wire = 0.006
    color = (*rgb, 1.0)
    geoms = [
        Geom('cylinder', (radius, height / 2), at(0, 0, height / 2), color),
        Geom('cylinder', (radius - 0.005, 0.001), at(0, 0, height - 0.0007),
             (0.23, 0.12, 0.06, 1.0)),
    ]
    angles = np.linspace(-math.pi / 2, math.pi / 2, SEGMENT_DIRECTIONS + 1)
    ring = np.column_stack([
        radius - 0.004 + 0.026 * np.cos(angles), np.zeros_like(angles),
        height - 0.045 + 0.029 * np.sin(angles)])
    geoms += [_capsule(a, b, wire, color) for a, b in itertools.pairwise(ring)]
    return SceneObject(name, name, tuple(geoms), position, yaw_rad)


def bottle(name: str, rgb: tuple[float, float, float], position: np.ndarray, *,
           radius: float = 0.034, height: float = 0.220) -> SceneObject:
    """Make a bottle, metres: a body, shoulders, a neck and a cap, the upper 65 mm of it."""
    color, cap, body = (*rgb, 1.0), darker(rgb, 0.86), height - 0.065
    geoms = (
        Geom('cylinder', (radius, body / 2), at(0, 0, body / 2), color),
        Geom('ellipsoid', (radius, radius, 0.030), at(0, 0, body), color),
        Geom('cylinder', (0.013, 0.015), at(0, 0, height - 0.030), color),
        Geom('cylinder', (0.017, 0.0125), at(0, 0, height - 0.0125), cap),
    )
    return SceneObject(name, name, geoms, position)


def box(name: str, rgb: tuple[float, float, float], size: tuple[float, float, float],
        position: np.ndarray, yaw_rad: float) -> SceneObject:
    """Make a box of `size` metres along its own x, y and z."""
    half = tuple(s / 2 for s in size)
    return SceneObject(
        name, name, (Geom('box', half, at(0, 0, half[2]), (*rgb, 1.0), 'matt'),),
        position, yaw_rad)


def ball(name: str, rgb: tuple[float, float, float], radius_m: float,
         position: np.ndarray, kind: str = '') -> SceneObject:
    """Make a ball."""
    geom = Geom('sphere', (radius_m,), at(0, 0, radius_m), (*rgb, 1.0))
    return SceneObject(name, kind or name, (geom,), position)


def book(name: str, rgb: tuple[float, float, float], size: tuple[float, float, float],
         position: np.ndarray, yaw_rad: float) -> SceneObject:
    """Make a closed book that lies flat: two covers, a spine, and pages a little smaller."""
    length, width, height = size
    cover = 0.004
    color = (*rgb, 1.0)
    geoms = (
        Geom('box', (length / 2, width / 2, cover / 2), at(0, 0, cover / 2), color, 'matt'),
        Geom('box', (length / 2, width / 2, cover / 2), at(0, 0, height - cover / 2), color,
             'matt'),
        Geom('box', (length / 2, cover / 2, height / 2), at(0, (width - cover) / 2, height / 2),
             color, 'matt'),
        Geom('box', (length / 2 - 0.004, width / 2 - 0.004, height / 2 - cover),
             at(0, 0, height / 2), (0.93, 0.91, 0.84, 1.0), 'matt'),
    )
    return SceneObject(name, name, geoms, position, yaw_rad)


def plate(name: str, rgb: tuple[float, float, float], radius_m: float,
          position: np.ndarray) -> SceneObject:
    """Make a round plate 16 mm high; its well is a little darker than its rim."""
    color, well = (*rgb, 1.0), darker(rgb, 0.93)
    geoms = (
        Geom('cylinder', (0.70 * radius_m, 0.004), at(0, 0, 0.004), color),
        Geom('cylinder', (0.86 * radius_m, 0.003), at(0, 0, 0.009), color),
        Geom('cylinder', (radius_m, 0.002), at(0, 0, 0.014), color),
        Geom('cylinder', (0.72 * radius_m, 0.0003), at(0, 0, 0.016), well),
    )
    return SceneObject(name, name, geoms, position)


def _yaw(angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def darker(rgb: tuple[float, float, float],
            factor: float) -> tuple[float, float, float, float]:
    return rgb[0] * factor, rgb[1] * factor, rgb[2] * factor, 1.0


def at(x: float, y: float, z: float) -> np.ndarray:
    return make_transform(np.eye(3), np.array([x, y, z]))


def _capsule(a: np.ndarray, b: np.ndarray, radius: float,
             rgba: tuple[float, float, float, float]) -> Geom:
    length = float(np.linalg.norm(b - a))
    z = (b - a) / length
    x = np.cross([0.0, 1.0, 0.0] if abs(z[1]) < 0.9 else [1.0, 0.0, 0.0], z)
    x /= np.linalg.norm(x)
    rotation = np.column_stack([x, np.cross(z, x), z])
    return Geom('capsule', (radius, length / 2), make_transform(rotation, (a + b) / 2), rgba)
