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



"""World points under masks: what lies behind their edge, and strays, are left out."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from spatialclaw_ros.workspace.points import PointArray
from spatialclaw_ros.workspace.reconstruction import (
    FAR_M,
    JUMP_REACH_PX,
    Reconstruction,
    is_behind,
)
from spatialclaw_ros.workspace.steady import steadied

MIN_CONFIDENCE = 0.02  # keeps the near side of depth edges; what is behind goes by depth
_SUPPORT = 3
_SUPPORT_M = np.float32(0.01)
_SUPPORT_RATIO = np.float32(0.02)
_KEPT_AT_LEAST = 0.2
_EVERY_ROW = 4
_NOWHERE_M = -1e9  # as a depth it supports nothing, and nothing supports it


def lifted(
    recon: Reconstruction, frame: int, mask: np.ndarray, min_confidence: float, clean: bool,
    steady: bool = False,
) -> PointArray:
    """Points of one frame under a mask.

    Args:
        recon: has the frame.
        frame: absolute index.
        mask: (H, W) bool.
        min_confidence: points below it are dropped; unknown depth is always dropped.
        clean: drop pixels at depth jumps that belong to what is behind, and strays.
        steady: even out noise along the rays, see `steadied`.

    Returns:
        (K, 3) float32 world, row by row.

    Raises:
        ValueError: the mask is of another size.
    """
    _check_size(recon, frame, mask)
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    window = np.s_[y:y + height, x:x + width]
    depth = recon.depth[frame][window]
    good = recon.points.confidence[frame][window] >= min_confidence
    good &= mask[window]
    good &= np.isfinite(depth)
    if clean and good.any():
        kept = good & ~recon.behind_edge(frame)[window]
        kept &= _support(depth, kept) >= _SUPPORT
        if np.count_nonzero(kept) >= _KEPT_AT_LEAST * np.count_nonzero(good):
            good = kept
    whole = np.zeros(mask.shape, dtype=bool)
    whole[window] = good
    pixels = np.flatnonzero(whole)
    found: PointArray = recon.points[frame].rows(pixels)
    if not steady:
        return found
    eye, focal_px = recon.extrinsics[frame][:3, 3], recon.intrinsics[frame]['fx']
    return steadied(found, *np.divmod(pixels, mask.shape[1]), eye, focal_px)


def some_lifted(
    recon: Reconstruction, masks: Mapping[int, np.ndarray], count: int,
) -> np.ndarray:
    """About so many points under the masks of some frames, cleaned as in `lifted`, for pictures.

    Only the pixels that are taken are looked at, with their neighbours, of which those count too
    that would be dropped themselves. Pixels at the very border of the image are left out.

    Args:
        recon: has the frames.
        masks: (H, W) bool by absolute frame index.
        count: of points, roughly.

    Returns:
        (K, 3) float32 world.

    Raises:
        ValueError: a mask is of another size.
    """
    bands = {frame: _banded(recon, frame, mask) for frame, mask in masks.items()}
    area = sum(band.area for band in bands.values())
    step = max(1, area // count)
    points, depths, members = [np.empty((0, 3), np.float32)], [], []
    side = 2 * JUMP_REACH_PX + 1
    middle = side * side // 2
    beside = middle + _square(1, side)
    beside = beside[beside != middle]
    for frame, band in bands.items():
        pixels = band.pixels(step)
        sure = recon._confidence[frame].reshape(-1).take(pixels) >= MIN_CONFIDENCE
        pixels = pixels[sure]
        around = pixels + _square(JUMP_REACH_PX, band.width)[:, None]
        points.append(recon._points[frame].reshape(-1, 3).take(pixels, axis=0))
        depths.append(recon._depth[frame].reshape(-1).take(around))
        members.append(masks[frame].reshape(-1).take(around[beside]))
    found = np.concatenate(points)
    if not len(found):
        return found
    depth, member = np.concatenate(depths, axis=1), np.concatenate(members, axis=1)
    good = np.isfinite(depth[middle])
    cv2.patchNaNs(depth, float(FAR_M))
    own = depth[middle]
    kept = good & ~is_behind(own, depth.min(axis=0))
    close = np.abs(depth[beside] - own) < _SUPPORT_M + _SUPPORT_RATIO * own
    close &= member
    kept &= np.count_nonzero(close, axis=0) >= _SUPPORT
    few = np.count_nonzero(kept) < _KEPT_AT_LEAST * np.count_nonzero(good)
    return found.take(np.flatnonzero(good if few else kept), axis=0)


@dataclass(frozen=True, eq=False)
class _Band:
    """The rows of a mask that hold it, without the image's border.

    Rows are looked for in steps: a strip lower than one, apart from the rest, may be missed.

    Args:
        inside: (rows * width,) bool.
        area: pixels in the mask, roughly.
        first: flat pixel of the image that its first one is.
        width: of the image.
    """

    inside: np.ndarray
    area: int
    first: int
    width: int

    def pixels(self, step: int) -> np.ndarray:
        """(K,) flat pixels of the image in the mask, of every so many."""
        while math.gcd(step, self.width) > 1:  # else they would stand in a few columns
            step += 1
        found = np.flatnonzero(self.inside[::step]) * step + self.first
        column = found % self.width
        return np.asarray(
            found[(column >= JUMP_REACH_PX) & (column < self.width - JUMP_REACH_PX)])


def _banded(recon: Reconstruction, frame: int, mask: np.ndarray) -> _Band:
    _check_size(recon, frame, mask)
    height, width = mask.shape
    every = _EVERY_ROW  # masks of many frames are long to read
    rows = np.flatnonzero(mask[::every].any(axis=1))
    if not len(rows):
        every = 1
        rows = np.flatnonzero(mask.any(axis=1))
    area = every * int(np.count_nonzero(mask[::every]))
    top, bottom = ((int(rows[0]) - 1) * every + 1, (int(rows[-1]) + 1) * every) if area else (0, 0)
    top, bottom = max(top, JUMP_REACH_PX), min(bottom, height - JUMP_REACH_PX)
    return _Band(mask[top:max(top, bottom)].reshape(-1), area, top * width, width)


def _check_size(recon: Reconstruction, frame: int, mask: np.ndarray) -> None:
    size = recon.depth[frame].shape
    if mask.shape != size:
        raise ValueError(
            f'the mask is {mask.shape}, the points of frame {frame} are {size}; '
            'masks and reconstruction must be of the same image size')


@functools.lru_cache(maxsize=8)  # asked for per frame and object
def _square(reach: int, width: int) -> np.ndarray:
    """(side * side,) offsets of the flat pixels round one in an image of so many columns."""
    across = np.arange(-reach, reach + 1)
    square = (across[:, None] * width + across).reshape(-1)
    square.flags.writeable = False
    return np.asarray(square)


def _support(depth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """How many of a pixel's eight neighbours are in the mask and at its depth."""
    depth = np.where(mask, depth, np.float32(_NOWHERE_M))
    padded = cv2.copyMakeBorder(depth, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=_NOWHERE_M)
    tolerance = depth * _SUPPORT_RATIO + _SUPPORT_M
    height, width = depth.shape
    count = np.zeros(depth.shape, dtype=np.uint8)
    for row in range(3):
        for column in range(3):
            if (row, column) != (1, 1):
                away = cv2.absdiff(padded[row:row + height, column:column + width], depth)
                count -= np.asarray(  # 255 is -1
                    cv2.compare(away, tolerance, cv2.CMP_LT), dtype=np.uint8)
    return count
