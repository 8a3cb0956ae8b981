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


"""Outlines of things in a picture, from their geometry: where they would show if nothing hid them.

A primitive is convex, so its outline is the convex hull of its projected surface.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np

from spatialclaw_ros.geometry.se3 import transform_points
from spatialclaw_ros.sim.objects import Geom
from spatialclaw_ros.sim.worlds.world import World

AROUND, ALONG = 32, 13
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
MARGIN = 1.0
"""How far beyond the picture outlines are drawn, in its own width and height."""


@dataclass(frozen=True, eq=False)
class Outline:
    """Where a thing would show.

    Args:
        mask: (h, w) bool, the part of the canvas that holds it, which may reach beyond the picture.
        left: column of the picture that the mask's first is, may be negative.
        top: row of the picture that the mask's first is.
        width: of the picture.
        height: of the picture.
    """

    mask: np.ndarray
    left: int
    top: int
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Whole size; of the pixels on its rim, which it covers in part, half are counted."""
        inner = cv2.erode(self.mask.view(np.uint8), CROSS, borderValue=0) if self.mask.size else 0
        return (int(self.mask.sum()) + int(np.sum(inner))) // 2

    @property
    def share_inside(self) -> float:
        """Share of it that is in the picture, 0 to 1; 0 when it is empty."""
        return len(self.inside) / max(1, int(self.mask.sum()))

    @functools.cached_property
    def inside(self) -> np.ndarray:
        """(K, 2) pixels x, y of it that are in the picture."""
        y, x = np.nonzero(self.mask)
        x, y = x + self.left, y + self.top
        kept = (x >= 0) & (y >= 0) & (x < self.width) & (y < self.height)
        return np.stack([x[kept], y[kept]], axis=1)


def outline(world: World, index: int, name: str) -> Outline:
    """Outline of a thing in a view; empty where part of it is behind the camera."""
    view = world.views[index]
    camera = world.camera(view.camera).intrinsics
    points, ends = _skin(world.object(name).geoms)
    corners = world.pixels(
        index, transform_points(world.T_world_object(name, view.stamp_ns), points))
    empty = Outline(np.zeros((0, 0), bool), 0, 0, camera.width, camera.height)
    if not np.isfinite(corners).all():
        return empty
    limit = np.array([camera.width, camera.height]) * MARGIN
    low = np.floor(np.clip(corners.min(axis=0), -limit, limit * (1 + 1 / MARGIN))).astype(int)
    high = np.ceil(np.clip(corners.max(axis=0), -limit, limit * (1 + 1 / MARGIN))).astype(int)
    width, height = high - low + 1
    mask = np.zeros((height, width), np.uint8)
    for hull in np.split(corners, ends):
        around = cv2.convexHull(((hull - low) * 16).astype(np.float32))
        cv2.fillConvexPoly(mask, np.rint(around).astype(np.int32), 1, cv2.LINE_8, 4)
    return Outline(mask.astype(bool), int(low[0]), int(low[1]), camera.width, camera.height)


@functools.lru_cache(maxsize=256)
def _skin(geoms: tuple[Geom, ...]) -> tuple[np.ndarray, list[int]]:
    """(K, 3) surface points of all primitives in the thing's frame, and where each but one ends."""
    parts = [transform_points(geom.T_object_geom, surface(geom)) for geom in geoms]
    return np.concatenate(parts), np.cumsum([len(part) for part in parts])[:-1].tolist()


@functools.lru_cache(maxsize=1)
def _sphere() -> np.ndarray:
    """(K, 3) directions all round."""
    around = np.linspace(0, 2 * math.pi, AROUND, endpoint=False)
    up = np.linspace(-math.pi / 2, math.pi / 2, ALONG)
    around, up = (grid.ravel() for grid in np.meshgrid(around, up))
    return np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)], axis=1)


def surface(geom: Geom) -> np.ndarray:
    """(K, 3) points on a primitive in its own frame, whose convex hull is nearly the primitive.

    Raises:
        ValueError: of a type that objects are not made of.
    """
    size = np.array(geom.size)
    if geom.type == 'box':
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        return np.asarray(signs * size)
    if geom.type == 'sphere':
        return _sphere() * size[0]
    if geom.type == 'ellipsoid':
        return _sphere() * size
    ends = np.array([[0.0, 0.0, -size[1]], [0.0, 0.0, size[1]]])
    if geom.type == 'capsule':
        return np.concatenate([_sphere() * size[0] + end for end in ends])
    if geom.type == 'cylinder':
        around = np.linspace(0, 2 * math.pi, 2 * AROUND, endpoint=False)
        ring = np.stack([np.cos(around), np.sin(around), np.zeros_like(around)], axis=1) * size[0]
        return np.concatenate([ring + end for end in ends])
    raise ValueError(f'no surface points for a {geom.type}')
