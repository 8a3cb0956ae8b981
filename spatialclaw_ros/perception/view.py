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

"""What one frame shows, worked out once: smoothed colour, world points, surfaces, relief."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.perception import colour
from spatialclaw_ros.perception.depth import DepthFeatures
from spatialclaw_ros.perception.figure import figure_on
from spatialclaw_ros.perception.rgbd import features_of, world_points
from spatialclaw_ros.perception.surfaces import (
    MAX_OBJECT_HEIGHT_M,
    Surface,
    heights,
    horizontal_surfaces,
    plane_tolerance,
    walls,
)
from spatialclaw_ros.perception.tops import without_tops
from spatialclaw_ros.workspace.observation import Frame

_MIN_RELIEF_M = 0.008


@dataclass(frozen=True, eq=False)
class Geometry3D:
    """A frame's depth in the world.

    Args:
        features: of its depth image.
        points: (H, W, 3) float32 world, NaN where unknown.
        normals: (H, W, 3) float32 world, NaN where unknown.
        pose: (4, 4) `T_world_camera`.
        camera: intrinsics.
    """

    features: DepthFeatures
    points: np.ndarray
    normals: np.ndarray
    pose: np.ndarray
    camera: PinholeCamera

    @property
    def focal_px(self) -> float:
        """Mean focal length."""
        return (self.camera.fx + self.camera.fy) / 2


@dataclass(eq=False)
class FrameView:
    """One image with lazily computed analyses; `geometry` is None without depth or pose.

    Args:
        image: (H, W, 3) uint8 RGB.
        geometry: the 3D side, if any.
    """

    image: np.ndarray
    geometry: Geometry3D | None = None
    _memory: dict[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def smooth(self) -> np.ndarray:
        """Image without grain and print."""
        return colour.smooth(self.image)

    @cached_property
    def lab(self) -> np.ndarray:
        """(H, W, 3) float32 OKLab of `smooth`."""
        return colour.to_oklab(self.smooth)

    def membership(self, names: tuple[str, ...]) -> np.ndarray:
        """(H, W) float32: how much each pixel is any of these colours."""
        key = '+'.join(names)
        if key not in self._memory:
            value = colour.membership(self.smooth, names[0])
            for name in names[1:]:
                value = np.maximum(value, colour.membership(self.smooth, name))
            self._memory[key] = value
        return self._memory[key]

    @cached_property
    def surfaces(self) -> list[Surface]:
        """Horizontal surfaces, largest first."""
        geometry = self.geometry
        if geometry is None:
            return []
        depth_m = geometry.features.depth_m
        return without_tops(horizontal_surfaces(
            geometry.points, geometry.normals, depth_m, geometry.features.edges,
            geometry.focal_px), geometry.points, depth_m, geometry.pose[:3, 3])

    @cached_property
    def walls(self) -> list[Surface]:
        """Vertical surfaces, largest first."""
        geometry = self.geometry
        if geometry is None:
            return []
        return walls(geometry.points, geometry.normals, geometry.features.depth_m, self.ground,
                     geometry.focal_px)

    @cached_property
    def clean(self) -> np.ndarray:
        """(H, W) bool: pixels whose 3D point is good (valid, not on a depth edge)."""
        if self.geometry is None:
            return np.zeros(self.image.shape[:2], dtype=bool)
        features = self.geometry.features
        return np.asarray(np.isfinite(features.depth_m) & ~features.edges)

    @cached_property
    def steady_depth(self) -> np.ndarray:
        """(H, W) float32: median of 5 by 5 pixels, which keeps steps and loses noise."""
        assert self.geometry is not None
        depth = self.geometry.features.depth_m
        # as many unknown pixels count as nearer than as farther, so that they decide nothing
        rows, columns = np.ogrid[:depth.shape[0], :depth.shape[1]]
        other = np.where((rows + columns) % 2, np.float32(0.0), np.float32(1e3))
        return np.asarray(cv2.medianBlur(np.where(np.isfinite(depth), depth, other), 5))

    @cached_property
    def ground(self) -> np.ndarray:
        """(H, W) bool: pixels of any horizontal surface."""
        ground = np.zeros(self.image.shape[:2], dtype=bool)
        for surface in self.surfaces:
            ground |= surface.mask
        return ground

    @cached_property
    def standing(self) -> tuple[np.ndarray, np.ndarray]:
        """Support and height of every pixel.

        Returns:
            (H, W) int8 index into `surfaces` of the nearest one below (or at the pixel's own
            height), -1 for none; (H, W) float32 height over it in metres, NaN for none.
        """
        shape = self.image.shape[:2]
        support = np.full(shape, -1, dtype=np.int8)
        height = np.full(shape, np.inf, dtype=np.float32)
        if self.geometry is None:
            return support, np.full(shape, np.nan, dtype=np.float32)
        points = self.geometry.points
        x, y = (np.nan_to_num(points[..., axis], nan=-1e4) for axis in (0, 1))
        low = -1.5 * plane_tolerance(self.geometry.features.depth_m)
        for index, surface in enumerate(self.surfaces):
            if surface.footprint is None:
                continue
            above = heights(surface.plane, points)
            with np.errstate(invalid='ignore'):
                candidate = (above > low) & (above < height)
            candidate &= surface.footprint.contains(x, y, margin_m=0.03)
            support[candidate] = index
            height[candidate] = above[candidate]
        for index, surface in enumerate(self.surfaces):
            support[surface.mask] = index
            height[surface.mask] = 0.0
        height[~np.isfinite(height)] = np.nan
        return support, height

    @cached_property
    def relief(self) -> np.ndarray:
        """(H, W) bool: pixels that stand above a horizontal surface."""
        shape = self.image.shape[:2]
        if self.geometry is None:
            return np.zeros(shape, dtype=bool)
        _, height = self.standing
        depth = self.geometry.features.depth_m
        least = np.maximum(_MIN_RELIEF_M, 0.8 * plane_tolerance(depth))
        with np.errstate(invalid='ignore'):
            relief = (height > least) & (height < MAX_OBJECT_HEIGHT_M)
        kernel = np.ones((3, 3), np.uint8)
        return np.asarray(cv2.morphologyEx(
            relief.astype(np.uint8), cv2.MORPH_OPEN, kernel).astype(bool))

    def zone(self, index: int) -> np.ndarray:
        """(H, W) bool: where things on surface `index` show, gaps in depth closed."""
        support, height = self.standing
        with np.errstate(invalid='ignore'):
            on = ((support == index) & (height < MAX_OBJECT_HEIGHT_M)).astype(np.uint8)
        return np.asarray(cv2.morphologyEx(on, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8)) > 0)

    def figure(self, index: int) -> np.ndarray:
        """(H, W) bool: pixels on surface `index` that have another colour than it."""
        key = f'figure {index}'
        if key not in self._memory:
            self._memory[key] = figure_on(
                self.lab, self.surfaces[index].mask & ~self.relief, self.zone(index))
        return self._memory[key]


_views: weakref.WeakKeyDictionary[Frame, FrameView] = weakref.WeakKeyDictionary()


def view_of(frame: Frame, pose: np.ndarray | None) -> FrameView:
    """View of a frame, kept while the frame lives.

    Args:
        frame: of the observation.
        pose: `T_world_camera`, or None when it is not known: no geometry then.
    """
    found = _views.get(frame)
    if found is not None and _same_pose(found, pose):
        return found
    geometry = None
    if pose is not None and frame.depth_m is not None and frame.intrinsics is not None:
        features = features_of(frame)
        rotation = pose[:3, :3]
        camera = frame.intrinsics
        geometry = Geometry3D(
            features, world_points(camera, features.depth_m, pose),
            cv2.transform(features.normals, rotation), pose, camera)
    found = FrameView(frame.image, geometry)
    _views[frame] = found
    return found


def _same_pose(view: FrameView, pose: np.ndarray | None) -> bool:
    if view.geometry is None or pose is None:
        return view.geometry is None and pose is None
    return bool(np.array_equal(view.geometry.pose, pose))
