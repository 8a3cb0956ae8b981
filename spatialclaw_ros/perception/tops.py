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

"""Which level surfaces are the tops of things that stand on a larger one, and which are furniture.

A low top belongs to a thing. A higher one may be a suitcase's or a side table's; size alone does
not tell, as a camera may show a part of a table. So it is furniture where more of it may be out of
the picture, where something stands on it, and where it is too long for a thing; else it is a
thing's where its sides begin right below the rim, or where it is no larger than a seat.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import cv2
import numpy as np

from spatialclaw_ros.perception.pieces import MIN_AREA_SHARE, piece_of
from spatialclaw_ros.perception.surfaces import (
    CELL_M,
    MAX_OBJECT_HEIGHT_M,
    Footprint,
    Surface,
    heights,
    plane_tolerance,
)

_THIN_M = 0.02  # a magazine, a mat
_LOW_M = 0.35  # up to here above the next surface, it is a thing's: seats and low tables are higher
_SEAT_M = 0.5  # seats of chairs and stools are some 0.35 to 0.5 m wide and deep
_LONGEST_M = 0.9  # of a thing that is no furniture, as `scoring.ANY_OBJECT` has it
_UNDER_M = 0.15  # below the rim, where one looks between a table's legs: boards are thinner
_FOOT_M = 0.1  # of what stands on it, that is looked for: a table may reach over a stool
_RIM_CELLS = 2  # a chair's back stands in there


def without_tops(
    surfaces: Sequence[Surface], points: np.ndarray, depth_m: np.ndarray, eye: np.ndarray,
) -> list[Surface]:
    """Leave out what is the top of a thing on a larger surface; thin ones join that surface.

    Args:
        surfaces: level ones, largest first.
        points: (H, W, 3) world.
        depth_m: (H, W).
        eye: (3,) where the camera is.
    """
    kept: list[Surface] = []
    few = points[::2, ::2], depth_m[::2, ::2]
    for surface in surfaces:
        for number, below in enumerate(kept):
            rise_m = _rise_over(below, surface)
            if not (rise_m < _LOW_M or (math.isfinite(rise_m) and _is_things(surface, *few, eye))):
                continue
            if rise_m < _THIN_M:
                kept[number] = dataclasses.replace(
                    below, mask=below.mask | surface.mask,
                    area_m2=below.area_m2 + surface.area_m2)
            break
        else:
            kept.append(surface)
    return kept


def _rise_over(large: Surface, small: Surface) -> float:
    """How high a much smaller surface lies over a larger one, metres; NaN where it does not.

    Right under it: poses are not level to a degree, which is centimetres from one end to the other.
    """
    points = small.center_cells()
    rise = small.height_m - float(
        -(large.plane.offset + points[:, :2].mean(axis=0) @ large.plane.normal[:2])
        / large.plane.normal[2])
    if not -0.03 < rise < MAX_OBJECT_HEIGHT_M or small.area_m2 > 0.6 * large.area_m2:
        return math.nan
    assert large.footprint is not None
    x, y = points[:, :1].astype(np.float32), points[:, 1:2].astype(np.float32)
    return rise if large.footprint.contains(x, y, margin_m=0.05).mean() > 0.7 else math.nan


def _is_things(top: Surface, points: np.ndarray, depth_m: np.ndarray, eye: np.ndarray) -> bool:
    """Whether a top between knee and hip is a thing's, not furniture's."""
    assert top.footprint is not None
    cells = top.footprint.cells.astype(np.uint8)
    _, sides, _ = cv2.minAreaRect(np.argwhere(cells).astype(np.float32))
    longest_m = (max(sides) + 1) * CELL_M
    if longest_m > _LONGEST_M or piece_of(top.mask).is_cut:
        return False
    above = heights(top.plane, points)
    x, y = (np.nan_to_num(points[..., axis], nan=-1e4) for axis in (0, 1))
    least = MIN_AREA_SHARE * depth_m.size
    inner = Footprint(top.footprint.origin, _shrunk(cells, _RIM_CELLS))
    rise = 0.02 + 1.5 * plane_tolerance(depth_m)
    with np.errstate(invalid='ignore'):
        high = (above > rise) & (above < rise + _FOOT_M)
    if np.count_nonzero(high & inner.contains(x, y)) > least:
        return False  # something stands on it
    if longest_m <= _SEAT_M:
        return True
    with np.errstate(invalid='ignore', divide='ignore'):
        side = (above < -0.02 - plane_tolerance(depth_m)) & (above > -_UNDER_M)
        # where the ray to a lower point passes the level under the rim
        part = (heights(top.plane, eye) + _UNDER_M) / (heights(top.plane, eye) - above)
        passed = [np.nan_to_num(eye[axis] + part * (points[..., axis] - eye[axis]), nan=-1e4)
                  for axis in (0, 1)]
        through = above < -_UNDER_M
    solid = np.count_nonzero(side & top.footprint.contains(x, y, margin_m=0.05))
    through &= Footprint(top.footprint.origin, _shrunk(cells, 1)).contains(
        *(each.astype(np.float32) for each in passed))
    return bool(solid > max(least, int(np.count_nonzero(through))))


def _shrunk(cells: np.ndarray, by: int) -> np.ndarray:
    kernel = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    return np.asarray(cv2.erode(cells, kernel, borderValue=0) > 0)
