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

"""Candidates in one frame for a parsed prompt: which sources count, and which one wins."""

from __future__ import annotations

import numpy as np

from spatialclaw_ros.perception import colour
from spatialclaw_ros.perception.candidates import (
    Candidate,
    colour_pieces,
    colour_share,
    measure,
    split_in_depth,
    surface_pieces,
)
from spatialclaw_ros.perception.pieces import Piece
from spatialclaw_ros.perception.prompt_parser import ObjectQuery
from spatialclaw_ros.perception.surfaces import MAX_OBJECT_HEIGHT_M
from spatialclaw_ros.perception.view import FrameView

_MIN_COLOUR = 0.30
_MIN_SEPARATION = 0.3
_MAX_SURFACES = 3
_MAX_SIZE_M2 = 1.2
MAX_LENGTH_M = 1.2
_FLAT_M = 0.012


def find_in(
    view: FrameView, frame: int, query: ObjectQuery, surfaces: list[int] | None,
    registered: bool,
) -> list[Candidate]:
    """Candidates of one frame.

    Args:
        view: of the frame.
        frame: its index.
        query: what to look for.
        surfaces: indices of the view's surfaces that it must lie on; None for anywhere.
        registered: whether depth edges fit the image's to about two pixels.
    """
    chosen = surfaces if surfaces is not None else list(range(len(view.surfaces)))
    pieces: list[tuple[Piece, str]] = []
    for index in chosen[:_MAX_SURFACES]:
        pieces += surface_pieces(view, index, registered)
    if registered:
        pieces = _united(pieces)
    large = query.shape == 'furniture'
    if query.colours and not all(colour.is_neutral(name) for name in query.colours):
        found = _hued(view, frame, query, _zone(view, surfaces), pieces, registered)
    else:
        found = []
        for piece, source in _distinct(pieces, registered):
            if query.colours and colour_share(view, piece, query.colours) < 0.5 * _MIN_COLOUR:
                continue  # correcting its outline won't give it the colour
            candidate = measure(view, frame, piece, source, query.colours, 1.0, registered)
            if candidate.colour >= _MIN_COLOUR and (
                    large or candidate.separation >= _MIN_SEPARATION):
                found.append(candidate)
        if query.colours:
            found += _loose(view, frame, query, _zone(view, surfaces), pieces, registered)
    return [candidate for candidate in found if large or not _is_vast(candidate)]


def _zone(view: FrameView, surfaces: list[int] | None) -> np.ndarray:
    if surfaces is None:
        return np.ones(view.image.shape[:2], dtype=bool)
    zone = np.zeros(view.image.shape[:2], dtype=bool)
    for index in surfaces:
        zone |= view.zone(index)
    _, height = view.standing
    with np.errstate(invalid='ignore'):
        zone &= ~(height > MAX_OBJECT_HEIGHT_M)
    return zone


def _hued(
    view: FrameView, frame: int, query: ObjectQuery, zone: np.ndarray,
    pieces: list[tuple[Piece, str]], registered: bool,
) -> list[Candidate]:
    """A hue stands out by itself; the pieces only complete it (a handle, a highlight, print)."""
    found: list[Candidate] = []
    for region in colour_pieces(view, query.colours, zone, registered):
        source, isolation, whole = 'colour', 1.0, region
        for piece, kind in pieces:
            inside = piece.common(region)
            if inside < 0.6 * region.area:
                continue
            share = inside / piece.area
            isolation = min(isolation, share)
            if kind == ('relief' if registered else 'figure') and share > 0.6 and (
                    inside > 0.8 * region.area) and _stands(view, piece):
                whole, source, isolation = _own_part(view, piece.joined(region), region), kind, 1.0
                break
        candidate = measure(view, frame, whole, source, query.colours, isolation, registered)
        if all(whole.overlap(other.piece) < 0.5 for other in found):
            found.append(candidate)
    return found


def _own_part(view: FrameView, whole: Piece, region: Piece) -> Piece:
    """What hangs together in space with a region, of a piece that may hold things behind it."""
    parts = split_in_depth(view, whole, True)
    if len(parts) < 2:
        return whole
    return max(parts, key=region.common).joined(region)


def _loose(
    view: FrameView, frame: int, query: ObjectQuery, zone: np.ndarray,
    pieces: list[tuple[Piece, str]], registered: bool,
) -> list[Candidate]:
    """Regions of white, gray or black that belong to no thing on a surface."""
    free = zone.copy()
    for piece, _ in pieces:
        free[piece.box] &= ~piece.mask
    found = [measure(view, frame, piece, 'colour', query.colours, 0.5, registered)
             for piece in colour_pieces(view, query.colours, free, registered)]
    return [candidate for candidate in found if candidate.separation >= _MIN_SEPARATION]


def _distinct(
    pieces: list[tuple[Piece, str]], registered: bool,
) -> list[tuple[Piece, str]]:
    """Pieces that don't repeat each other, from the source to trust first."""
    first = 'relief' if registered else 'figure'
    kept: list[tuple[Piece, str]] = []
    for piece, source in sorted(pieces, key=lambda entry: entry[1] != first):
        repeats = False
        for other, other_source in kept:
            both = piece.common(other)
            if both and (piece.overlap(other) > 0.5 or (
                    other_source != source and both > 0.35 * min(piece.area, other.area))):
                repeats = True
                break
        if not repeats:
            kept.append((piece, source))
    return kept


def _united(pieces: list[tuple[Piece, str]]) -> list[tuple[Piece, str]]:
    """Relief pieces completed by the figure that they are part of.

    Relief lacks a thing's foot and all that is thin; its figure has both, and joins a handle to
    its mug. A figure of two things that touch in the image is left out, each has its relief.
    """
    reliefs = [piece for piece, source in pieces if source == 'relief']
    figures = [piece for piece, source in pieces if source == 'figure']
    free = set(range(len(reliefs)))
    result: list[tuple[Piece, str]] = []
    for figure in figures:
        inside = [i for i in sorted(free) if reliefs[i].common(figure) > 0.6 * reliefs[i].area]
        if not inside:
            result.append((figure, 'figure'))
            continue
        large = [i for i in inside if reliefs[i].area > 0.25 * figure.area]
        if len(large) > 1:
            continue
        whole = figure
        for i in inside:
            whole = whole.joined(reliefs[i])
        free -= set(inside)
        result.append((whole, 'relief'))
    return [(reliefs[i], 'relief') for i in sorted(free)] + result


def _is_vast(candidate: Candidate) -> bool:
    """Whether it is too large for a thing that is named: a wall, a row of cupboards."""
    if candidate.size_m2 > _MAX_SIZE_M2:
        return True
    if len(candidate.points) < 10:
        return False
    low, high = np.percentile(candidate.points, (3, 97), axis=0)
    return bool((high - low).max() > MAX_LENGTH_M)


def _stands(view: FrameView, piece: Piece) -> bool:
    """Whether a piece rises over its support."""
    _, height = view.standing
    rows, columns = piece.indices(view.clean)
    inside = height[rows, columns]
    inside = inside[np.isfinite(inside)]
    return len(inside) > 20 and float(np.percentile(inside, 90)) > _FLAT_M
