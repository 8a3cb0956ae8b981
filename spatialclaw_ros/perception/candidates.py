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

"""Object candidates in one frame, from three sources, and what is measured on each.

`colour`: connected pixels of the colours asked for. `figure`: pixels on a surface that have
another colour than it; finds flat things, and those whose depth the sensor lost. `relief`: pixels
that stand above a surface. The image's own edges are trusted more than those of the depth image,
which is rarely registered to the pixel.
"""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from spatialclaw_ros.perception import colour
from spatialclaw_ros.perception.depth import sigma_of
from spatialclaw_ros.perception.outline import hole_free, main_clusters, refined, remember
from spatialclaw_ros.perception.pieces import (
    MIN_AREA_SHARE,
    Piece,
    components,
    disc,
    part_of,
    square,
)
from spatialclaw_ros.perception.view import FrameView

MAX_POINTS = 1200
"""Points kept of each candidate for tracking and measuring."""

_known: weakref.WeakKeyDictionary[
    FrameView, dict[tuple[int, bool], list[tuple[Piece, str]]]] = weakref.WeakKeyDictionary()
_CORE = 0.55
_RIM = 0.25
_FURNITURE_M = 0.25  # as high as this, a thing may have a leg of its own
_SINK_M = 0.03  # of noise, that what carries a part may reach into it
_SOLID = 0.3  # share of a part that is more than two pixels from its outline


@dataclass(frozen=True, eq=False)
class Candidate:
    """One region of one frame that may be an object.

    Args:
        frame: frame index.
        piece: its pixels.
        source: 'colour', 'figure' or 'relief'.
        colour: mean membership in the colours asked for, in [0, 1]; 1 when none was.
        isolation: share of the figure or relief piece round it that it fills; 1 when alone.
        points: (K, 3) float32 world, clean ones, at most `MAX_POINTS`; K may be 0.
        surface: index into the view's surfaces that it stands on; -1 for none.
        low_m: how far over its support it begins, NaN when unknown.
        height_m: how far it rises over its support, NaN when unknown.
        separation: share of its outline where the support or something farther begins, rather
            than more of the same surface; 0.7 when unknown.
        grounded: share of its outline where its support begins; 0.5 when unknown.
        size_m2: real area of what shows, NaN when unknown.
        covered: share of its outline where something nearer begins, which may hide more of it.
    """

    frame: int
    piece: Piece
    source: str
    colour: float
    isolation: float
    points: np.ndarray
    surface: int
    low_m: float
    height_m: float
    separation: float
    grounded: float
    size_m2: float
    covered: float = 0.0

    @property
    def area(self) -> int:
        """Pixels."""
        return self.piece.area

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """(3,) least and (3,) greatest coordinates of its points."""
        return self.points.min(axis=0), self.points.max(axis=0)

    @property
    def cut(self) -> bool:
        """Whether it touches the image's border."""
        return self.piece.is_cut


def colour_pieces(
    view: FrameView, colours: tuple[str, ...], zone: np.ndarray, registered: bool,
) -> list[Piece]:
    """Connected pixels of some colours, holes and print filled.

    What has less than half of itself in the zone belongs to something that goes on outside.
    """
    value = view.membership(colours)
    rim = (value > _RIM).astype(np.uint8)
    rim = np.asarray(cv2.morphologyEx(
        cv2.morphologyEx(rim, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)),
        cv2.MORPH_CLOSE, disc(2)), dtype=np.uint8)
    found = []
    for piece in components(rim > 0):
        sure = np.count_nonzero(piece.of(value) > _CORE)
        if sure < max(20, 0.2 * piece.area) or not piece.of(zone).any():
            continue
        found += [
            part for part in split_in_depth(view, hole_free(view, piece, registered), registered)
            if np.count_nonzero(part.of(zone)) > 0.5 * part.area]
    return found


def surface_pieces(
    view: FrameView, index: int, registered: bool,
) -> list[tuple[Piece, str]]:
    """Things on a surface, by its colour and by relief, with their source; kept with the view."""
    known = _known.setdefault(view, {})
    if (index, registered) not in known:
        known[index, registered] = _surface_pieces(view, index, registered)
    return list(known[index, registered])


def _surface_pieces(
    view: FrameView, index: int, registered: bool,
) -> list[tuple[Piece, str]]:
    if view.geometry is None:
        return []
    found: list[tuple[Piece, str]] = []
    for piece in components(view.figure(index)):
        whole = hole_free(view, piece, registered)
        found += [(part, 'figure') for part in split_in_depth(view, whole, registered)]
    support, _ = view.standing
    relief = view.relief & (support == index)
    edges = cv2.dilate(view.geometry.features.edges.astype(np.uint8), np.ones((3, 3), np.uint8))
    for piece in components(relief & (edges == 0)):
        wide = piece.grown(3)
        mask = cv2.dilate(wide.mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        mask &= relief[wide.box]
        grown = Piece(wide.top, wide.left, mask, wide.shape)
        found.append((hole_free(view, grown, registered), 'relief'))
    return found


def split_in_depth(view: FrameView, piece: Piece, registered: bool) -> list[Piece]:
    """Parts of a piece that lie apart in space; thin or unclear ones stay with the nearest."""
    rows, columns, label, large = main_clusters(view, piece, registered)
    own = np.unique(label[label >= 0])
    if len(own) < 2:
        return [piece]
    parts = _parted(piece, rows, columns, label, own)
    kept = [number for number, part in zip(own, parts)
            if number in large or (registered and _is_solid(part))]
    if len(kept) < 2:
        return [piece]
    if len(kept) < len(own):
        parts = _parted(piece, rows, columns, label, np.array(kept))
    for number, part in zip(kept, parts):
        remember(part, rows, columns, label, number)
    if view.geometry is not None:
        points = view.geometry.points[rows, columns]
        if float(np.ptp(np.percentile(points[:, 2], (3, 97)))) > _FURNITURE_M:
            parts = _carried(parts, [points[label == number] for number in kept])
    least = MIN_AREA_SHARE * piece.shape[0] * piece.shape[1]
    return [part for part in parts if part.area >= least]


def _carried(parts: list[Piece], points: list[np.ndarray]) -> list[Piece]:
    """Parts, with some points of each, with what carries them: a stool's seat hides its leg's top.

    A part that floats over another one of its colour, and covers it as seen from above, would fall
    without it; a chair covers the leg at its back, too.
    """
    boxes = [np.percentile(each, (3, 97), axis=0) for each in points]
    order = sorted(range(len(parts)), key=lambda number: -boxes[number][0, 2])
    joined: list[Piece] = []
    taken: set[int] = set()
    for upper in order:
        if upper in taken:
            continue
        whole, (low, high) = parts[upper], boxes[upper]
        for lower in order:
            (foot, head) = boxes[lower]
            middle = (foot + head) / 2
            under = high[2] - foot[2] > _FURNITURE_M and (head[2] < low[2] + _SINK_M or (
                head[2] < high[2] and parts[lower].area < 0.5 * parts[upper].area))
            if under and lower != upper and lower not in taken and (
                    (middle[:2] > low[:2]) & (middle[:2] < high[:2])).all():
                whole = whole.joined(parts[lower])
                taken.add(lower)
        taken.add(upper)
        joined.append(whole)
    return joined


def _is_solid(part: Piece) -> bool:
    """Whether a part is no mere seam, such as mixed pixels along an outline."""
    least = MIN_AREA_SHARE * part.shape[0] * part.shape[1]
    inner = cv2.erode(np.pad(part.mask.astype(np.uint8), 1), square(2), borderValue=0)
    return part.area >= least and int(np.count_nonzero(inner)) > _SOLID * part.area


def _parted(
    piece: Piece, rows: np.ndarray, columns: np.ndarray, label: np.ndarray, numbers: np.ndarray,
) -> list[Piece]:
    """Pixels of a piece by the nearest sample that has one of some labels."""
    chosen = np.isin(label, numbers)
    rows, columns = rows[chosen] - piece.top, columns[chosen] - piece.left
    seeds = np.full(piece.mask.shape, 255, dtype=np.uint8)
    seeds[rows, columns] = 0
    _, nearest = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    owner = np.full(int(nearest.max()) + 1, -1, dtype=np.int64)
    owner[nearest[rows, columns]] = label[chosen]
    owners = owner[nearest]
    return [part_of(piece, piece.mask & (owners == number)) for number in numbers]


def measure(
    view: FrameView, frame: int, piece: Piece, source: str, colours: tuple[str, ...],
    isolation: float, registered: bool,
) -> Candidate:
    """Correct a piece with depth, and measure it."""
    piece = refined(view, piece, registered)
    share = colour_share(view, piece, colours)
    points = np.empty((0, 3), dtype=np.float32)
    height, low, size, surface = math.nan, math.nan, math.nan, -1
    if view.geometry is not None:
        rows, columns = piece.indices(view.clean)
        step = max(1, len(rows) // MAX_POINTS)
        points = view.geometry.points[rows[::step], columns[::step]]
        support, above = view.standing
        below = support[rows, columns]
        carried = below[below >= 0]
        if len(carried) > 0.5 * len(below):
            surface = int(np.bincount(carried).argmax())
            on = above[rows, columns][below == surface]
            low, height = (float(value) for value in np.percentile(on, (4, 95)))
        side = view.geometry.features.depth_m[rows, columns] / view.geometry.focal_px
        if len(side):
            size = float(np.mean(side * side)) * piece.area
    separation, grounded, covered = outline_shares(view, piece, registered)
    return Candidate(frame, piece, source, share, isolation, points, surface, low, height,
                     separation, grounded, size, covered)


def colour_share(view: FrameView, piece: Piece, colours: tuple[str, ...]) -> float:
    """How much a piece has one of some colours, in [0, 1]; 1 when none is asked for.

    A hue is looked for pixel by pixel. White, gray and black are what a thing has on the whole:
    a gray one has lights and shades.
    """
    if not colours:
        return 1.0
    share = float(piece.of(view.membership(colours)).mean())
    neutral = [name for name in colours if colour.is_neutral(name)]
    if neutral:
        middle = np.median(piece.of(view.smooth), axis=0).astype(np.uint8)
        overall = max(float(colour.membership(middle, name)) for name in neutral)
        share = max(share, 0.75 * overall if share > 0.3 else 0.0)
    return share


def outline_shares(
    view: FrameView, piece: Piece, registered: bool,
) -> tuple[float, float, float]:
    """What lies beyond the outline of a piece, where that is not hidden by something nearer.

    Where depth is not registered to colour, the outline is looked at from farther out.

    Returns:
        Of the outline that nothing nearer hides, the share of the support or something farther
        away, and the share of the support alone; of all of it, the share that is hidden.
    """
    if view.geometry is None:
        return 0.7, 0.5, 0.0
    near, far = (3, 9) if registered else (9, 17)
    wide = piece.grown(far + 3)
    box = wide.box
    own = wide.mask.astype(np.uint8)
    depth = view.geometry.features.depth_m[box]
    clean = view.clean[box]
    ring = (cv2.dilate(own, square(far)) > 0) & (cv2.dilate(own, square(near)) == 0)
    inner = np.where(wide.mask & clean, depth, np.float32(0.0))
    farthest = cv2.dilate(inner, square(far + 1))
    inverse = np.divide(1.0, inner, out=np.zeros_like(inner), where=inner > 0)
    nearest = 1.0 / np.maximum(cv2.dilate(inverse, square(far + 1)), 1e-6)
    known = ring & clean & (farthest > 0)
    slack = np.maximum(0.015, 3 * sigma_of(farthest))
    ground = view.ground[box]
    good = known & ((depth > farthest + slack) | ground)
    counted = known & ((depth > nearest - slack) | ground)
    total, seen = int(np.count_nonzero(counted)), int(np.count_nonzero(known))
    hidden = (seen - total) / max(1, seen)
    if total < 15:
        return 0.7, 0.5, hidden
    carried = int(np.count_nonzero(known & ground))
    return int(np.count_nonzero(good)) / total, carried / total, hidden


def depth_is_registered(view: FrameView) -> bool:
    """Whether depth edges lie on colour edges to about two pixels."""
    if view.geometry is None:
        return False
    edges = view.geometry.features.edges
    gray = cv2.cvtColor(view.smooth, cv2.COLOR_RGB2GRAY)
    strong = cv2.Canny(gray, 40, 100) > 0
    if edges.sum() < 100 or strong.sum() < 100:
        return True
    away = cv2.distanceTransform((~strong).astype(np.uint8), cv2.DIST_L2, 3)
    return bool(np.median(away[edges]) < 2.0)
