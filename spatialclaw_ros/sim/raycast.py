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



"""Draws boxes ray by ray in NumPy: the same picture and exact depth on any machine, no OpenGL."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import invert, transform_points

LIGHT = np.array([-0.75, 0.2, 0.63])
AMBIENT = 0.7
GRAIN = 3.0
NEAR_M = 0.05


@dataclass(frozen=True)
class Cuboid:
    """A box along the world's axes.

    Args:
        low: corner with the least coordinates, world, metres.
        high: corner with the greatest ones.
        rgb: colour in full light, 0 to 255.

    Raises:
        ValueError: it has no volume.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    rgb: tuple[int, int, int]

    def __post_init__(self) -> None:
        if not all(a < b for a, b in zip(self.low, self.high)):
            raise ValueError(f'a cuboid needs low < high, got {self.low} and {self.high}')

    @property
    def corners(self) -> np.ndarray:
        """(8, 3) world."""
        return np.array(list(itertools.product(*zip(self.low, self.high))))


def cast(
    cuboids: Sequence[Cuboid], camera: PinholeCamera, T_world_camera: np.ndarray, seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw cuboids as a camera sees them.

    Args:
        cuboids: what there is.
        camera: intrinsics, without distortion.
        T_world_camera: (4, 4) pose of the optical frame.
        seed: of the grain of the picture.

    Returns:
        Colour (H, W, 3) uint8, depth along z (H, W) float32 metres, NaN where nothing is, and
        (H, W) int32 index of the cuboid seen, -1 for none.
    """
    size = camera.height, camera.width
    eye = T_world_camera[:3, 3]
    rays = camera.rays().astype(np.float64) @ T_world_camera[:3, :3].T
    depth = np.full(size, np.inf)
    which = np.full(size, -1, np.int32)
    axis = np.zeros(size, np.int8)
    for number, cuboid in enumerate(cuboids):
        rows, columns = _window(cuboid, camera, T_world_camera)
        hit, side = _hit(cuboid, eye, rays[rows, columns])
        nearer = hit < depth[rows, columns]
        depth[rows, columns][nearer] = hit[nearer]
        which[rows, columns][nearer] = number
        axis[rows, columns][nearer] = side[nearer]
    seen = which >= 0
    # The face that a ray meets looks against it.
    facing = -np.sign(np.take_along_axis(rays, axis[..., None].astype(np.intp), axis=2)[..., 0])
    light = AMBIENT + (1.0 - AMBIENT) * np.clip(facing * LIGHT[axis], 0.0, 1.0)
    colours = np.array([*(cuboid.rgb for cuboid in cuboids), (0, 0, 0)], np.float64)
    grain = np.random.default_rng(seed).normal(0.0, GRAIN, (*size, 1))
    image = np.clip(colours[which] * light[..., None] + grain, 0, 255).astype(np.uint8)
    return image, np.where(seen, depth, np.nan).astype(np.float32), which


def distance_m(a: Sequence[Cuboid], b: Sequence[Cuboid]) -> float:
    """Least distance between the surfaces of two things made of cuboids; 0 where they touch."""
    return min(_gap(one, other) for one in a for other in b)


def bounds(cuboids: Sequence[Cuboid]) -> tuple[np.ndarray, np.ndarray]:
    """(3,) least and (3,) greatest coordinates of a thing, world."""
    corners = np.concatenate([cuboid.corners for cuboid in cuboids])
    return corners.min(axis=0), corners.max(axis=0)


def _gap(a: Cuboid, b: Cuboid) -> float:
    apart = np.maximum(np.subtract(a.low, b.high), np.subtract(b.low, a.high))
    return float(np.linalg.norm(np.maximum(apart, 0.0)))


def _hit(
    cuboid: Cuboid, eye: np.ndarray, rays: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Ray parameter of the first hit, inf without one, and the axis of the face that is met."""
    with np.errstate(divide='ignore', invalid='ignore'):
        near = (np.array(cuboid.low) - eye) / rays
        far = (np.array(cuboid.high) - eye) / rays
    entries = np.minimum(near, far)
    enter, leave = entries.max(axis=-1), np.maximum(near, far).min(axis=-1)
    hit = np.where((enter <= leave) & (enter > NEAR_M), enter, np.inf)
    return hit, entries.argmax(axis=-1).astype(np.int8)


def _window(
    cuboid: Cuboid, camera: PinholeCamera, T_world_camera: np.ndarray,
) -> tuple[slice, slice]:
    """Rows and columns of the picture that a cuboid can be in."""
    corners = transform_points(invert(T_world_camera), cuboid.corners)
    if corners[:, 2].min() < NEAR_M:
        return slice(0, camera.height), slice(0, camera.width)
    x = camera.fx * corners[:, 0] / corners[:, 2] + camera.cx
    y = camera.fy * corners[:, 1] / corners[:, 2] + camera.cy
    return (_span(y, camera.height), _span(x, camera.width))


def _span(values: np.ndarray, size: int) -> slice:
    low, high = np.clip([np.floor(values.min()), np.ceil(values.max()) + 1], 0, size)
    return slice(int(low), int(high))
