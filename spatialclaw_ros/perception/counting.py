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


"""Whether things that were found can be counted: what speaks against their number.

A wrong number is worse than none. There may be more things than found where something else is
nearly as good as they are, or where one mask may hold several; and fewer where two are never seen
together though they should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np

from spatialclaw_ros.perception.candidates import Candidate
from spatialclaw_ros.perception.pieces import Piece, square
from spatialclaw_ros.perception.prompt_parser import ObjectQuery
from spatialclaw_ros.perception.scene import Scene
from spatialclaw_ros.perception.solids import SOLID_OF
from spatialclaw_ros.perception.tracking import Track, expected_in
from spatialclaw_ros.workspace.calls import CANT_COUNT

_REACH_PX = 3
_BESIDE_M = 0.03
_PLAIN = SOLID_OF.keys() - {'mug'}  # mostly without a handle
# what often has one that leaves a tenth of the hull empty; a suitcase's leaves 2 %
_HANDLED = frozenset(('bucket', 'carafe', 'lunchbox', 'pot', 'thermos', 'toolbox'))
_CONVEX = 0.92  # of its hull; two balls side by side fill 2 pi / (4 + pi) = 0.88 of theirs
# a bottle (75 mm wide, body 190, shoulder 30, neck 28 x 80) fills 0.91, two side by side 0.86
_CONVEX_OF = {'bottle': 0.88}


def count_note(
    scene: Scene, query: ObjectQuery, kept: Sequence[Track], doubtful: Sequence[Track],
) -> str:
    """Why the number of things found is not sure; '' where nothing speaks against it.

    Args:
        scene: the frames.
        query: in the plural.
        kept: the things found.
        doubtful: what may be one, too.
    """
    why = ''
    if doubtful:
        why = f'{len(doubtful)} more may be some, or parts of them'
    elif any(_may_be_one(scene, a, b) for a, b in combinations(kept, 2)):
        why = 'two of them may be one'
    elif query.shape in _PLAIN and query.noun not in _HANDLED and any(
            _may_be_several(scene, one, _CONVEX_OF.get(query.shape, _CONVEX)) for one in kept):
        why = 'one of them may be several that touch in the picture'
    return f'"{query.text}": {CANT_COUNT} them for sure: {why}.' if why else ''


def _may_be_one(scene: Scene, a: Track, b: Track) -> bool:
    """Whether two tracks are one thing's parts, or it at two times.

    They touch in a picture at one distance; or no frame shows both, though each should show where
    the other does.
    """
    both = set(a.seen) & set(b.seen)
    if both:
        return any(_touch(one, other) for frame in both
                   for one in a.seen[frame] for other in b.seen[frame])
    if not scene.shared_world:
        return True
    return any(expected_in(scene.views[frame], absent.points) > 0.5
               for absent, present in ((a, b), (b, a)) for frame in present.seen)


def _touch(a: Candidate, b: Candidate) -> bool:
    """Whether two regions touch, and are not one well behind the other."""
    wide = a.piece.grown(2 * _REACH_PX)
    near = cv2.dilate(wide.mask.astype(np.uint8), square(_REACH_PX)) > 0
    if not Piece(wide.top, wide.left, near, wide.shape).common(b.piece):
        return False
    if min(len(a.points), len(b.points)) < 20:
        return True
    (low_a, high_a), (low_b, high_b) = (
        np.percentile(each.points, (3, 97), axis=0) for each in (a, b))  # but for strays
    return bool((low_a < high_b + _BESIDE_M).all() and (low_b < high_a + _BESIDE_M).all())


def _may_be_several(scene: Scene, one: Track, convex: float) -> bool:
    """Whether its best mask fills too little of its hull, but for what hides a part of it."""
    best = max(one.candidates, key=lambda candidate: candidate.area)
    mask = best.piece.mask
    outlines, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = np.zeros(mask.shape, dtype=np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
    dent = (hull > 0) & ~mask
    geometry = scene.views[best.frame].geometry
    if geometry is not None:
        depth = geometry.features.depth_m[best.piece.box]
        known = depth[mask & np.isfinite(depth)]
        if known.size:
            with np.errstate(invalid='ignore'):
                nearer = depth < np.median(known) - _BESIDE_M
            dent &= ~(cv2.dilate(nearer.astype(np.uint8), square(1)) > 0)
    return best.area < convex * (best.area + int(np.count_nonzero(dent)))
