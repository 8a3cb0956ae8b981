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


"""What a look at a thing tells of its form: round or angular as seen from above, a ball or not.

Its side that faces the camera is measured by depth. The far rim of its top is its outline in the
picture, put on the level of the top: pixels tell that better than depth does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from spatialclaw_ros.perception.candidates import Candidate
from spatialclaw_ros.perception.sections import Profile, outermost, roundness, section
from spatialclaw_ros.perception.tracking import Track
from spatialclaw_ros.perception.view import FrameView, Geometry3D

_LOOKS = 2
_COVERED = 0.35  # of its outline that something nearer hides: more, and it is not its own outline
_HIDDEN = 0.15  # up to here it shows whole but for a corner
_LEAST_PX = 60
_MOST_PX = 1500
_FROM_ABOVE = 0.12  # level part of a look, of its length: less, and it shows no side
_SIDE = (0.12, 0.75)  # of the height: no foot, no top
_STANDING_M = 0.02
_STANDING = 0.25  # of its height, that it begins over what it stands on: more, and it is on a thing
_LEAST_RISE = math.radians(12)  # below, the far rim is a line
_NECK = 2.0  # times its width: taller things may have a neck, and their top is no rim
_FLAT_M, _FLAT = 0.06, 0.35  # and of its width: the near rim shows, too
_FOOT = 0.3  # of half its width, that the middle of what shows of a ball is over its own
_BESIDE_M = 0.03
_BORDER_PX = 2
_STRIP = 0.22  # of its width, to both sides of the middle


@dataclass(frozen=True)
class Sides:
    """The form of a thing, by logarithms of odds, 0 where nothing is told, and its size.

    Args:
        round: positive where it is round as seen from above, negative where it is angular.
        ball: positive where it is a ball, negative where its side is upright or its top level.
        width_m: from outline to outline, level, across the look; at least that where it is not
            `whole`; NaN unknown.
        height_m: at least, from the lowest to the highest of what shows.
        tall_m: at most, over what is known to be below it, where it is `whole`.
        off_m: standard deviation of width and height.
        fill: share of its hull in the picture that it fills, but for what hides it.
        missing: how many times that width it may have, for what is hidden; inf where it is cut off.
    """

    round: float = 0.0
    ball: float = 0.0
    width_m: float = math.nan
    height_m: float = math.nan
    tall_m: float = math.nan
    off_m: float = math.nan
    fill: float = 1.0
    missing: float = math.inf

    @property
    def whole(self) -> bool:
        """Whether a look shows it whole."""
        return self.missing <= 1.0


UNTOLD = Sides()


def sides_of(track: Track, views: Mapping[int, FrameView]) -> Sides:
    """What the best looks at a thing tell of its form.

    Args:
        track: the thing.
        views: frame index to view.
    """
    best = sorted((c for c in track.candidates if c.covered < _COVERED),
                  key=lambda c: (_is_cut(c), -c.area))
    looks = [_look(c, view, view.geometry) for c in best[:_LOOKS]
             if (view := views[c.frame]).geometry is not None]
    looks = [look for look in looks if math.isfinite(look.width_m)]
    sized = [look for look in looks if look.whole] or looks
    if not sized:
        return UNTOLD
    return Sides(sum(look.round for look in looks), sum(look.ball for look in looks),
                 max(look.width_m for look in sized), max(look.height_m for look in sized),
                 max(look.tall_m for look in sized), max(look.off_m for look in sized),
                 max(look.fill for look in sized), sized[0].missing)


def _look(candidate: Candidate, view: FrameView, geometry: Geometry3D) -> Sides:
    """What one frame tells."""
    cut = _is_cut(candidate)
    rows, columns = candidate.piece.indices(view.clean)
    if len(rows) < _LEAST_PX:
        return UNTOLD
    step = 1 + len(rows) // _MOST_PX
    rows, columns = rows[::step], columns[::step]
    points = geometry.points[rows, columns].astype(np.float64)
    depth_m = float(np.median(geometry.features.depth_m[rows, columns]))
    sigma_m = float(geometry.features.sigma_m(np.asarray(depth_m, dtype=np.float32)))
    pixel_m = depth_m / geometry.focal_px
    eye, middle = geometry.pose[:3, 3], np.median(points, axis=0)
    ahead, rise = _level_look(geometry.pose, middle)
    axes = np.array([[-ahead[1], ahead[0], 0.0], [ahead[0], ahead[1], 0.0], [0.0, 0.0, 1.0]])
    across, away, up = axes @ (points - middle).T
    rays = _outline_rays(candidate, geometry) @ axes.T
    start = axes @ (eye - middle)
    low, top = np.percentile(up, (2, 96))
    height = tall = float(top - low)
    if math.isfinite(candidate.height_m):
        tall = max(height, candidate.height_m)
    if candidate.low_m < _STANDING * tall:  # it shows down to its foot
        height = tall
    if math.tan(rise) < 1 / _FROM_ABOVE:
        edge = start[0] + rays[:, 0] * (-start[1] / np.maximum(rays[:, 1], 1e-6))
    else:
        edge = start[0] + rays[:, 0] * (-start[2] / np.minimum(rays[:, 2], -1e-6))
    ends = float(edge.min()), float(edge.max())
    width = ends[1] - ends[0]

    def told(profile: Profile | None) -> float:
        odds = roundness(profile)
        return max(0.0, odds) if cut else odds  # a picture's border makes corners

    odds = 0.0
    foot = top - height
    side = (up > foot + _SIDE[0] * height) & (up < foot + _SIDE[1] * height)
    if height > _STANDING_M and np.count_nonzero(side) >= _LEAST_PX:
        odds += told(section(across[side], away[side], sigma_m, ends))
    if rise > _LEAST_RISE and height < _NECK * width:
        reach = (top - start[2]) / np.minimum(rays[:, 2], -1e-6)
        x, y = start[:2, None] + rays[:, :2].T * reach
        off = pixel_m / math.sin(rise)
        odds += told(outermost(x, y, off))
        if height < min(_FLAT_M, _FLAT * width):
            odds += told(outermost(x, -y, off))
    strip = np.abs(across - sum(ends) / 2) < _STRIP * width
    ball = _ball_odds(away[strip], up[strip] - top, rise, sigma_m, width) if strip.any() else 0.0
    missing = 1.0 if candidate.covered < _HIDDEN else 1.0 + 2.0 * candidate.covered
    return Sides(odds, ball, width, height, tall, pixel_m + sigma_m / 2, _filled(candidate, view),
                 math.inf if cut else missing)


def _is_cut(candidate: Candidate) -> bool:
    """Whether its outline is the picture's border, at some place."""
    (rows, columns), (height, width) = candidate.piece.box, candidate.piece.shape
    return (rows.start < _BORDER_PX or rows.stop > height - _BORDER_PX
            or columns.start < _BORDER_PX or columns.stop > width - _BORDER_PX)


def _ball_odds(
    away: np.ndarray, up: np.ndarray, rise: float, sigma_m: float, width: float,
) -> float:
    """Whether an upright section through the middle is an arc, or an upright and a level side."""
    sin, cos = math.sin(rise), math.cos(rise)
    over, along = away * sin + up * cos, away * cos - up * sin
    low, high = np.percentile(over, (1, 99))
    middle = (low + high) / 2
    return roundness(section(
        over, along, sigma_m, (middle - width / 2, middle + width / 2), trim=0.0), rise, _FOOT)


def _level_look(pose: np.ndarray, middle: np.ndarray) -> tuple[np.ndarray, float]:
    """Level direction (2,) of a look, and how far it looks down, radians."""
    way = middle - pose[:3, 3]
    level = math.hypot(way[0], way[1])
    rise = math.atan2(-way[2], level)
    if level > _FROM_ABOVE * float(np.linalg.norm(way)):
        return way[:2] / level, rise
    up = -pose[:2, 1]  # straight from above, the picture's top is away
    return up / max(1e-9, float(np.hypot(*up))), rise


def _outline_rays(candidate: Candidate, geometry: Geometry3D) -> np.ndarray:
    """(N, 3) rays of the outline's pixels in the world."""
    piece = candidate.piece
    outlines, _ = cv2.findContours(
        piece.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    pixels = max(outlines, key=len)[:, 0] + np.array([piece.left, piece.top], dtype=np.float64)
    return np.asarray(geometry.camera.rays_at(pixels) @ geometry.pose[:3, :3].T)


def _filled(candidate: Candidate, view: FrameView) -> float:
    """Share of its hull that a piece fills, but for what something nearer hides."""
    piece = candidate.piece
    outlines, _ = cv2.findContours(
        piece.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = np.zeros(piece.mask.shape, dtype=np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
    dent = (hull > 0) & ~piece.mask
    geometry = view.geometry
    if geometry is not None and candidate.covered > 0:
        depth = geometry.features.depth_m[piece.box]
        own = np.nanmedian(np.where(piece.mask, depth, np.nan))
        with np.errstate(invalid='ignore'):
            dent &= ~(depth < own - _BESIDE_M)
    return piece.area / (piece.area + int(np.count_nonzero(dent)))
