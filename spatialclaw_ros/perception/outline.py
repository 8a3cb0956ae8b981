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

"""Masks that hold a thing and nothing behind it: depth corrects what colour drew.

Along its outline a region has pixels whose colour is mixed, and whose depth is that of the wall or
table behind: few pixels, but centimetres to metres away from the thing.
"""

from __future__ import annotations

import math
import weakref

import cv2
import numpy as np

from spatialclaw_ros.geometry.cloud import cluster_labels
from spatialclaw_ros.perception.depth import sigma_of
from spatialclaw_ros.perception.pieces import Piece, components_of, square
from spatialclaw_ros.perception.view import FrameView

_BAND_PX = 4
_SHARE, _SMALL_SHARE = 0.15, 0.02
_NEAR_M = 0.015  # what is this close in space is one thing
_STANDING_M = 0.012
_LOW_M = 0.02
_TALL_M = 0.04  # seen from above, nothing inside its outline is as low as its support
_SAMPLE = 1500


Clusters = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
_known: weakref.WeakKeyDictionary[Piece, Clusters] = weakref.WeakKeyDictionary()


def main_clusters(view: FrameView, piece: Piece, registered: bool) -> Clusters:
    """Groups of a piece's clean points that hang together in space, and which of them are large.

    Args:
        view: of the frame.
        piece: the region.
        registered: whether depth fits the image; where it does not, the support that shows under
            a thing's outline is no group of its own.

    Returns:
        Rows, columns (K,) of sampled clean pixels, and label (K,) of the group each belongs to,
        -1 for the smallest ones; empty when there are too few points to tell. Labels of groups
        that are a large part of the piece; a small one is a small thing, or the outline's mixed
        pixels.
    """
    found = _known.get(piece)
    if found is None:
        found = _known[piece] = _clusters(view, piece, registered)
    return found


def remember(
    part: Piece, rows: np.ndarray, columns: np.ndarray, label: np.ndarray, number: int,
) -> None:
    """Keep with a part of a piece that it is one of the groups that `main_clusters` found."""
    own = label == number
    _known[part] = rows[own], columns[own], label[own], np.array([number])


def _clusters(view: FrameView, piece: Piece, registered: bool) -> Clusters:
    none = np.empty(0, dtype=np.int64)
    if view.geometry is None:
        return none, none, none, none
    rows, columns = piece.indices(view.clean)
    if not registered:
        raised = ~(np.abs(view.standing[1][rows, columns]) < _LOW_M)
        if raised.sum() > 0.25 * len(rows):
            rows, columns = rows[raised], columns[raised]
    if len(rows) < 40:
        return none, none, none, none
    step = max(1, len(rows) // _SAMPLE)
    rows, columns = rows[::step], columns[::step]
    points = view.geometry.points[rows, columns]
    depth = view.geometry.features.depth_m[rows, columns]
    middle = float(np.median(depth))
    spacing = middle / view.geometry.focal_px * math.sqrt(step)
    reach = 4 * float(view.geometry.features.sigma_m(np.asarray(middle)))
    if reach > _NEAR_M:  # noise would bridge what is apart
        eye = view.geometry.pose[:3, 3].astype(np.float32)
        points = eye + (points - eye) * (view.steady_depth[rows, columns] / depth)[:, None]
        reach /= 2
    label = cluster_labels(points, max(_NEAR_M, reach, 3 * spacing))
    sizes = np.bincount(label[label >= 0])
    some = np.flatnonzero(sizes > _SMALL_SHARE * len(rows))
    large = np.flatnonzero(sizes > _SHARE * len(rows))
    return rows, columns, np.where(np.isin(label, some), label, -1), large


def refined(view: FrameView, piece: Piece, registered: bool) -> Piece:
    """A piece without pixels that lie far from its main points, or on the ground beside it.

    Args:
        view: of the frame.
        piece: the region.
        registered: whether depth fits the image to about two pixels; the ground is left in where
            it does not.
    """
    if view.geometry is None:
        return piece
    rows, columns, label, large = main_clusters(view, piece, registered)
    if not len(large):
        return piece
    points = view.geometry.points
    main = points[rows, columns][np.isin(label, large)]
    middle = float(np.median(view.geometry.features.depth_m[rows, columns]))
    slack = max(0.015, 4 * float(view.geometry.features.sigma_m(np.asarray(middle))))
    low, high = main.min(axis=0) - slack, main.max(axis=0) + slack
    own = points[piece.box]
    with np.errstate(invalid='ignore'):
        away = ((own < low) | (own > high)).any(axis=2)
    if registered:
        away |= _ground_in(view, piece)
    else:
        away &= ~(np.abs(view.standing[1][piece.box]) < _LOW_M)
    mask = piece.mask & ~away
    if np.count_nonzero(mask) < 0.3 * piece.area:
        return piece
    return components_of(Piece(piece.top, piece.left, mask, piece.shape))


def hole_free(view: FrameView, piece: Piece, registered: bool) -> Piece:
    """A piece without holes, but for those through which the ground is seen (a mug's handle)."""
    whole = piece.filled()
    if not registered or view.geometry is None:
        return whole
    holes = whole.mask & ~piece.mask & view.ground[piece.box]
    large = cv2.morphologyEx(holes.astype(np.uint8), cv2.MORPH_OPEN, square(1)) > 0
    return Piece(whole.top, whole.left, whole.mask & ~large, whole.shape)


def _ground_in(view: FrameView, piece: Piece) -> np.ndarray:
    """Pixels (h, w) of a standing piece that are its support: at the outline, or of its colour."""
    box = piece.box
    support, height = view.standing
    above = height[box]
    inside = above[piece.mask & view.clean[box]]
    inside = inside[np.isfinite(inside)]
    nothing = np.zeros(piece.mask.shape, dtype=bool)
    if view.geometry is None or len(inside) < 20 or np.percentile(inside, 95) < _STANDING_M:
        return nothing
    depth = view.geometry.features.depth_m[box]
    least = np.maximum(np.float32(0.003), 2 * sigma_of(depth))
    padded = np.pad(piece.mask.astype(np.uint8), 1)
    core = cv2.erode(padded, square(_BAND_PX), borderValue=0)[1:-1, 1:-1] > 0
    own = [number for number, surface in enumerate(view.surfaces)
           if np.count_nonzero(surface.mask[box] & piece.mask) > 0.6 * np.count_nonzero(
               surface.mask)]
    below = support[box][piece.mask]
    below = below[below >= 0]
    others = below[~np.isin(below, own)]
    below = others if len(others) else below
    if not len(below):
        return nothing
    carrier = int(np.bincount(below).argmax())
    with np.errstate(invalid='ignore'):
        low = piece.mask & (above < least) & ~np.isin(support[box], own)  # its top is no ground
    if np.percentile(inside, 95) > _TALL_M:
        return np.asarray(low)
    mixed = view.geometry.features.edges[box]
    return np.asarray(low & (~core | mixed | ~view.figure(carrier)[box]))
