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



"""What a camera sees of a thing, from the shapes alone: no picture is drawn to know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import invert, transform_points

COARSE, FINE = 5, 14
"""Samples along each side of a face; a round body has as many rings."""
NEAR_M, BORDER_PX = 0.15, 4.0
_SKIN_M = 1e-4
_Samples = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Skin:
    """Samples of a surface.

    Args:
        points: (N, 3) world.
        normals: (N, 3) outward.
        areas: (N,) that each stands for, m2.
    """

    points: np.ndarray
    normals: np.ndarray
    areas: np.ndarray

    def where(self, keep: np.ndarray) -> Skin:
        """Some of the samples."""
        return Skin(self.points[keep], self.normals[keep], self.areas[keep])


@dataclass(frozen=True, eq=False)
class Solid:
    """A convex body.

    Args:
        owner: name of the thing that it is a part of.
        type: 'box', 'sphere', 'cylinder', 'capsule' or 'ellipsoid'.
        size: half sizes in metres, as MuJoCo has them.
        T_world_solid: (4, 4) float64.
    """

    owner: str
    type: str
    size: np.ndarray
    T_world_solid: np.ndarray

    @cached_property
    def reach_m(self) -> float:
        """Radius of a ball round its middle that holds it."""
        if self.type in ('box', 'ellipsoid'):
            return float(np.linalg.norm(self.size[:3]))
        return float(self.size[0] + (0 if self.type == 'sphere' else self.size[1]))

    def skin(self, sides: int) -> Skin:
        """Samples of its surface, `sides` along each side of a face."""
        points, normals, areas = _SKINS[self.type](self.size, sides)
        rotation = self.T_world_solid[:3, :3]
        return Skin(transform_points(self.T_world_solid, points), normals @ rotation.T, areas)

    def holds(self, points: np.ndarray) -> np.ndarray:
        """Whether points (N, 3), world, lie in it, (N,) bool."""
        return _holds(self, points)

    def near_rays(self, eye: np.ndarray, points: np.ndarray) -> bool:
        """Whether it could stand between an eye and any of some points; often told at once."""
        middle = points.mean(axis=0)
        around = float(np.linalg.norm(points - middle, axis=1).max())
        way = middle - eye
        length = max(float(np.linalg.norm(way)), 1e-9)
        to = self.T_world_solid[:3, 3] - eye
        along = float(to @ way) / length
        if along < -self.reach_m or along > length + around + self.reach_m:
            return False
        beside = float(np.linalg.norm(to - way * along / length))
        return beside < self.reach_m + around * max(0.0, min(1.0, along / length)) + 1e-6

    def hides(self, eye: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Whether it stands between an eye (3,) and points (N, 3), (N,) bool."""
        T = invert(self.T_world_solid)
        start = transform_points(T, eye[None])[0]
        rays = transform_points(T, points) - start
        reach = np.linalg.norm(rays, axis=1)
        hit = _HITS[self.type](self.size, start, rays)
        return np.asarray(hit * reach < reach - _SKIN_M)


@dataclass(frozen=True, eq=False)
class Sight:
    """How a thing shows in one view.

    Args:
        share: of the surface that faces the camera, how much is neither hidden nor outside.
        inside: share of its whole surface whose pixels lie in the picture.
        pixels: area in the picture that shows, about.
        hidden_by: name of what hides parts of it to the share of its front in the picture that it
            hides, whatever else hides the same part.
    """

    share: float
    inside: float
    pixels: float
    hidden_by: Mapping[str, float] = field(default_factory=dict)


def skin_of(own: Sequence[Solid], sides: int) -> Skin:
    """Samples of the surface of a thing that is made of solids."""
    parts = []
    for solid in own:
        skin = solid.skin(sides)
        outer = np.ones(len(skin.points), dtype=bool)
        for other in own:
            if other is not solid:  # what lies in another part is not its surface
                outer &= ~other.holds(skin.points)
        parts.append(skin.where(outer))
    return Skin(*(np.concatenate(each) for each in zip(
        *((part.points, part.normals, part.areas) for part in parts))))


def seen_of(
    skin: Skin, solids: Sequence[Solid], camera: PinholeCamera, T_world_camera: np.ndarray,
    least_slant: float = 0.02,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which samples a camera sees.

    Args:
        skin: (N) samples.
        solids: everything that could hide them.
        camera: intrinsics.
        T_world_camera: (4, 4) pose of the optical frame.
        least_slant: cosine between ray and normal below which a surface is not seen.

    Returns:
        (N,) bool: faces the camera; lies in the picture; is hidden.
    """
    eye = T_world_camera[:3, 3]
    to_eye = eye - skin.points
    slant = (skin.normals * to_eye).sum(axis=1) / np.maximum(
        np.linalg.norm(to_eye, axis=1), 1e-9)
    at = transform_points(invert(T_world_camera), skin.points)
    z = np.maximum(at[:, 2], 1e-6)
    u, v = camera.fx * at[:, 0] / z + camera.cx, camera.fy * at[:, 1] / z + camera.cy
    inside = (at[:, 2] > NEAR_M) & (u > BORDER_PX) & (u < camera.width - 1 - BORDER_PX) & (
        v > BORDER_PX) & (v < camera.height - 1 - BORDER_PX)
    facing = slant > least_slant
    hidden = np.zeros(len(u), dtype=bool)
    rows = np.nonzero(facing & inside)[0]
    if len(rows):
        for solid in solids:
            if solid.near_rays(eye, skin.points[rows]):
                hidden[rows] |= solid.hides(eye, skin.points[rows])
    return facing, inside, hidden


def look_for(
    skin: Skin, own: Sequence[Solid], others: Sequence[Solid], camera: PinholeCamera,
    T_world_camera: np.ndarray,
) -> Sight:
    """How a thing shows in a view.

    Args:
        skin: samples of it.
        own: what it is made of.
        others: everything else.
        camera: intrinsics.
        T_world_camera: (4, 4) pose of the optical frame.
    """
    eye = T_world_camera[:3, 3]
    facing, inside, behind_itself = seen_of(skin, own, camera, T_world_camera)
    facing &= ~behind_itself
    to_eye = eye - skin.points
    reach = np.maximum(np.linalg.norm(to_eye, axis=1), 1e-9)
    solid_angle = skin.areas * facing * (skin.normals * to_eye).sum(axis=1) / reach ** 3
    rows = np.nonzero(facing & inside)[0]
    front, points = solid_angle[rows], skin.points[rows]
    covered: dict[str, np.ndarray] = {}
    for solid in others:
        if len(rows) and solid.near_rays(eye, points):
            hidden = solid.hides(eye, points)
            if hidden.any():
                before = covered.get(solid.owner)
                covered[solid.owner] = hidden if before is None else before | hidden
    total = float(solid_angle.sum())
    seen = float(front[~np.any(list(covered.values()), axis=0)].sum() if covered else front.sum())
    return Sight(
        seen / total if total > 0 else 0.0, float(inside.mean()), seen * camera.fx * camera.fy,
        {owner: float(front[hidden].sum() / front.sum()) for owner, hidden in covered.items()})


def _holds(solid: Solid, points: np.ndarray) -> np.ndarray:
    """Whether points (N, 3), world, lie in a body, (N,) bool."""
    p = transform_points(invert(solid.T_world_solid), points)
    size = solid.size
    if solid.type == 'box':
        return np.asarray((np.abs(p) < size[:3] - _SKIN_M).all(axis=1))
    if solid.type == 'ellipsoid':
        return np.asarray(np.linalg.norm(p / size[:3], axis=1) < 1 - 1e-3)
    if solid.type == 'sphere':
        return np.asarray(np.linalg.norm(p, axis=1) < size[0] - _SKIN_M)
    beyond = np.abs(p[:, 2]) - size[1]
    across = np.linalg.norm(p[:, :2], axis=1)
    if solid.type == 'cylinder':
        return np.asarray((beyond < -_SKIN_M) & (across < size[0] - _SKIN_M))
    return np.asarray(np.hypot(across, np.maximum(beyond, 0)) < size[0] - _SKIN_M)


# ---- samples of the surfaces, in the body's own frame
def _box_skin(size: np.ndarray, sides: int) -> _Samples:
    steps = (np.arange(sides) + 0.5) / sides * 2 - 1
    s, t = (grid.ravel() for grid in np.meshgrid(steps, steps))
    points, normals, areas = [], [], []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            unit = np.zeros((len(s), 3))
            unit[:, axis], unit[:, (axis + 1) % 3], unit[:, (axis + 2) % 3] = sign, s, t
            points.append(unit * size[:3])
            normals.append(np.eye(3)[[axis]].repeat(len(s), 0) * sign)
            face = 4 * size[(axis + 1) % 3] * size[(axis + 2) % 3]
            areas.append(np.full(len(s), face / len(s)))
    return np.concatenate(points), np.concatenate(normals), np.concatenate(areas)


def _ellipsoid_skin(size: np.ndarray, sides: int) -> _Samples:
    radii = size[:3] if len(size) > 2 else np.full(3, size[0])
    count = sides * sides * 3
    number = np.arange(count) + 0.5
    z = 1 - 2 * number / count  # a spiral of equal areas
    turn = np.pi * (1 + 5 ** 0.5) * number
    unit = np.column_stack([
        np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z])
    normals = unit / radii
    stretch = np.linalg.norm(normals, axis=1)
    return (unit * radii, normals / stretch[:, None],
            4 * np.pi / count * radii.prod() * stretch)


def _cylinder_skin(size: np.ndarray, sides: int) -> _Samples:
    radius, half = size[:2]
    turns = np.arange(sides * 3) / (sides * 3) * 2 * np.pi
    levels = (np.arange(sides) + 0.5) / sides * 2 - 1
    turn, level = (grid.ravel() for grid in np.meshgrid(turns, levels))
    round_it = np.column_stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)])
    side = round_it * radius + np.column_stack([0 * turn, 0 * turn, level * half])
    side_area = np.full(len(turn), 4 * np.pi * radius * half / len(turn))
    ring, where = (grid.ravel() for grid in np.meshgrid(levels / 2 + 0.5, turns))
    cap = np.column_stack([radius * np.sqrt(ring) * np.cos(where),
                           radius * np.sqrt(ring) * np.sin(where), np.full(len(ring), half)])
    cap_area = np.full(len(ring), np.pi * radius ** 2 / len(ring))
    up = np.eye(3)[[2]].repeat(len(ring), 0)
    return (np.concatenate([side, cap, cap * [1, 1, -1]]),
            np.concatenate([round_it, up, -up]),
            np.concatenate([side_area, cap_area, cap_area]))


def _capsule_skin(size: np.ndarray, sides: int) -> _Samples:
    radius, half = size[:2]
    points, normals, areas = _ellipsoid_skin(np.array([radius]), sides)
    ends = points + np.sign(points[:, 2:]) * [0, 0, half]
    side, round_it, side_area = (
        part[:sides * sides * 3] for part in _cylinder_skin(size, sides))
    return (np.concatenate([ends, side]), np.concatenate([normals, round_it]),
            np.concatenate([areas, side_area]))


# ---- where rays (N, 3) from a start (3,) first meet a body: factor on the ray, inf for never
def _box_hit(size: np.ndarray, start: np.ndarray, rays: np.ndarray) -> np.ndarray:
    with np.errstate(divide='ignore', invalid='ignore'):
        a, b = (-size[:3] - start) / rays, (size[:3] - start) / rays
    enter, leave = np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)
    return np.where((enter <= leave) & (enter > 0), enter, np.inf)


def _roots(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both roots of a t2 + 2 b t + c, NaN where there are none."""
    with np.errstate(divide='ignore', invalid='ignore'):
        root = np.sqrt(b * b - a * c)
        return (-b - root) / a, (-b + root) / a


def _ellipsoid_hit(size: np.ndarray, start: np.ndarray, rays: np.ndarray) -> np.ndarray:
    radii = size[:3] if len(size) > 2 else np.full(3, size[0])
    s, d = start / radii, rays / radii
    enter, _ = _roots((d * d).sum(axis=1), d @ s, np.full(len(rays), s @ s - 1))
    return np.where(enter > 0, enter, np.inf)


def _cylinder_hit(size: np.ndarray, start: np.ndarray, rays: np.ndarray) -> np.ndarray:
    radius, half = size[:2]
    s, d = start[:2], rays[:, :2]
    enter, leave = _roots((d * d).sum(axis=1), d @ s, np.full(len(rays), s @ s - radius ** 2))
    with np.errstate(divide='ignore', invalid='ignore'):
        a, b = (-half - start[2]) / rays[:, 2], (half - start[2]) / rays[:, 2]
    first = np.fmax(enter, np.minimum(a, b))
    last = np.fmin(leave, np.maximum(a, b))
    return np.where(np.isfinite(enter) & (first <= last) & (first > 0), first, np.inf)


def _capsule_hit(size: np.ndarray, start: np.ndarray, rays: np.ndarray) -> np.ndarray:
    radius, half = size[:2]
    ball = np.array([radius])
    ends = [_ellipsoid_hit(ball, start - [0, 0, z], rays) for z in (-half, half)]
    return np.minimum(np.minimum(*ends), _cylinder_hit(size, start, rays))


_SKINS = {
    'box': _box_skin, 'sphere': _ellipsoid_skin, 'ellipsoid': _ellipsoid_skin,
    'cylinder': _cylinder_skin, 'capsule': _capsule_skin,
}
_HITS = {
    'box': _box_hit, 'sphere': _ellipsoid_hit, 'ellipsoid': _ellipsoid_hit,
    'cylinder': _cylinder_hit, 'capsule': _capsule_hit,
}
