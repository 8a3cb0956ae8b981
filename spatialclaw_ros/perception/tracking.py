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

"""Candidates of many frames to things: two that fill the same space are one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from spatialclaw_ros.geometry.cloud import voxel_downsample
from spatialclaw_ros.perception.candidates import Candidate
from spatialclaw_ros.perception.scoring import Extent, extent_of
from spatialclaw_ros.perception.view import FrameView

_REACH_M = 0.025  # poses of a moving camera are often wrong by this much
_SHARE = 0.3
_NEAREST_M = 0.15
_PART_SHARE = 0.6
_VOXEL_M = 0.008
_LEAST_PART = 0.45  # of a thing's length: what else is in view of one that is partly hidden


@dataclass(eq=False)
class Track:
    """One thing through the frames.

    Args:
        seen: frame index to its candidates there (more than one when something hides its middle).
        points: (K, 3) world, all frames together.
        low: (3,) least coordinates of the points.
        high: (3,) greatest ones.
    """

    seen: dict[int, list[Candidate]] = field(default_factory=dict)
    points: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    low: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    high: np.ndarray = field(default_factory=lambda: np.full(3, -np.inf))
    _known: dict[str, Any] = field(default_factory=dict)

    def add(self, candidate: Candidate) -> None:
        """Take in a candidate."""
        self._known.clear()
        self.seen.setdefault(candidate.frame, []).append(candidate)
        if len(candidate.points):
            together = np.concatenate([self.points, candidate.points.astype(np.float64)])
            self.points = voxel_downsample(together, _VOXEL_M)
            self.low, self.high = self.points.min(axis=0), self.points.max(axis=0)

    def take(self, other: Track) -> None:
        """Take in all of another track."""
        for candidate in other.candidates:
            self.add(candidate)
        self.seen = dict(sorted(self.seen.items()))

    @property
    def tree(self) -> tuple[np.ndarray, cKDTree]:
        """(K, 3) some of its points, and a tree of them."""
        if 'tree' not in self._known:
            some = self.points[:: max(1, len(self.points) // 1500)]
            self._known['tree'] = some, cKDTree(some)
        return self._known['tree']  # type: ignore[no-any-return]

    @property
    def candidates(self) -> list[Candidate]:
        """All of them, in frame order."""
        return [candidate for found in self.seen.values() for candidate in found]

    def mask(self, frame: int) -> np.ndarray | None:
        """(H, W) bool in one frame, None where it is not seen."""
        found = self.seen.get(frame)
        if not found:
            return None
        mask = found[0].piece.full()
        for candidate in found[1:]:
            mask[candidate.piece.box] |= candidate.piece.mask
        return mask

    @property
    def shape_points(self) -> np.ndarray:
        """(K, 3) world points that show its form: of all frames, where they agree.

        Where errors of poses or of registration smear it, those of one frame, of the usual size.
        """
        whole = [c for c in self.candidates if not c.cut] or self.candidates
        dense = sorted((c for c in whole if len(c.points) >= 30), key=lambda c: c.size_m2)
        if len(self.seen) < 2 or not dense:
            return self.points
        usual = dense[len(dense) // 2]
        if _span(self.points) < 1.2 * _span(usual.points):
            return self.points
        return usual.points.astype(np.float64)

    @property
    def extent(self) -> Extent | None:
        """Its size, from frames that show it whole where there are any."""
        if 'extent' not in self._known:
            self._known['extent'] = self._measured()
        return self._known['extent']  # type: ignore[no-any-return]

    def _measured(self) -> Extent | None:
        whole = [c for c in self.candidates if not c.cut] or self.candidates
        heights = [c.height_m for c in whole if math.isfinite(c.height_m)]
        height = float(np.median(heights)) if heights else math.nan
        return extent_of(self.shape_points, height)

    @property
    def whole_size_m2(self) -> float:
        """Real area of it in the frames that show it whole, else the largest seen; NaN unknown."""
        if 'size' not in self._known:
            self._known['size'] = self._whole_size()
        return float(self._known['size'])

    def _whole_size(self) -> float:
        sizes: dict[bool, list[float]] = {True: [], False: []}
        for parts in self.seen.values():
            size = sum(part.size_m2 for part in parts)
            if math.isfinite(size):
                sizes[any(part.cut for part in parts)].append(size)
        if sizes[False]:
            return float(np.median(sizes[False]))
        return max(sizes[True], default=math.nan)

    def mean(self, name: str) -> float:
        """Area-weighted mean of a candidate's attribute."""
        weights = np.array([c.area for c in self.candidates], dtype=float)
        values = np.array([getattr(c, name) for c in self.candidates], dtype=float)
        return float((weights * values).sum() / weights.sum())


def _span(points: np.ndarray) -> float:
    low, high = np.percentile(points[:, :2], (2, 98), axis=0)
    return float(np.hypot(*(high - low)))


def track(
    found: Mapping[int, Sequence[Candidate]], shared_world: bool, image_width: int,
) -> list[Track]:
    """Associate candidates through the frames.

    Args:
        found: frame index to candidates, in time order.
        shared_world: whether 3D points of different frames may be compared.
        image_width: pixels, for association in the image when they may not.
    """
    tracks: list[Track] = []
    for frame, candidates in found.items():
        pairs = []
        lows = np.array([known.low for known in tracks]).reshape(-1, 3) - _REACH_M
        highs = np.array([known.high for known in tracks]).reshape(-1, 3) + _REACH_M
        for number, candidate in enumerate(candidates):
            if shared_world and len(candidate.points) >= 10:
                low, high = candidate.bounds
                close = np.flatnonzero(((low <= highs) & (high >= lows)).all(axis=1))
                scores = [space_overlap(candidate, tracks[other]) for other in close]
            else:
                close = np.arange(len(tracks))
                scores = [_image_overlap(candidate, known, image_width) for known in tracks]
            pairs += [(score, number, int(other)) for score, other in zip(scores, close)
                      if score > _SHARE]
        placed: set[int] = set()
        for score, number, other in sorted(pairs, reverse=True):
            if number in placed:
                continue
            if frame in tracks[other].seen and score < _PART_SHARE:
                continue
            tracks[other].add(candidates[number])
            placed.add(number)
        for number, candidate in enumerate(candidates):
            if number not in placed:
                fresh = Track()
                fresh.add(candidate)
                tracks.append(fresh)
    return tracks


def space_overlap(candidate: Candidate, known: Track) -> float:
    """How surely a candidate is the track's thing, by the space that both fill.

    Both should cover each other; one that a border cuts off may be a part of the other.
    """
    low, high = candidate.bounds
    points = candidate.points[:: max(1, len(candidate.points) // 400)].astype(np.float64)
    other, tree = known.tree
    here = tree.query(points, distance_upper_bound=_REACH_M)[0]
    back = cKDTree(points).query(other, distance_upper_bound=1.3 * _REACH_M)[0]
    mine, theirs = float(np.isfinite(here).mean()), float(np.isfinite(back).mean())
    score = math.sqrt(mine * theirs)
    size, room = float(np.linalg.norm(high - low)), float(np.linalg.norm(known.high - known.low))
    if candidate.cut or size > _LEAST_PART * room:
        score = max(score, 0.8 * mine if mine > 0.6 else 0.0)
    if all(c.cut for c in known.candidates):
        score = max(score, 0.8 * theirs if theirs > 0.6 else 0.0)
    return score


def _image_overlap(candidate: Candidate, known: Track, image_width: int) -> float:
    """Nearness in the image, for frames whose poses are unknown."""
    last = known.candidates[-1]
    if last.frame == candidate.frame or last.piece.shape != candidate.piece.shape:
        return 0.0
    here, there = (np.mean(c.piece.indices(), axis=1) for c in (candidate, last))
    away = float(np.hypot(*(here - there))) / (0.2 * image_width)
    ratio = min(candidate.area, last.area) / max(candidate.area, last.area)
    return max(0.0, 1.0 - away) * math.sqrt(ratio)


def link(tracks: list[Track]) -> list[Track]:
    """Join tracks of one thing that errors of the poses have put apart.

    They are never seen together, are alike in size and colour, and lie nearly in one place.
    """
    joined: list[Track] = []
    for one in sorted(tracks, key=lambda track: min(track.seen)):
        home = next((other for other in joined if _near(other, one) and _alike(other, one)), None)
        if home is None:
            joined.append(one)
        else:
            home.take(one)
    return joined


def has_moved(a: Track, b: Track, views: Mapping[int, FrameView]) -> float:
    """How far one thing moved, if two tracks are the same thing before and after; else NaN.

    They are alike and never seen together, and each one's place is in plain view, without it,
    while the other is seen.
    """
    if not _alike(a, b):
        return math.nan
    first, second = sorted((a, b), key=lambda track: min(track.seen))
    if max(first.seen) >= min(second.seen):
        return math.nan
    for absent, present in ((first, second), (second, first)):
        if not any(expected_in(views[frame], absent.points) > 0.8 for frame in present.seen):
            return math.nan
    start, end = first.extent, second.extent
    if start is None or end is None:
        return math.nan
    return float(np.linalg.norm(start.center - end.center))


def _alike(a: Track, b: Track) -> bool:
    if set(a.seen) & set(b.seen):
        return False
    sizes = a.whole_size_m2, b.whole_size_m2
    ratio = min(sizes) / max(sizes) if all(size > 0 for size in sizes) else 0.0
    return ratio > 0.45 and abs(a.mean('colour') - b.mean('colour')) < 0.25


def _near(a: Track, b: Track) -> bool:
    if (a.low - _NEAREST_M > b.high).any() or (a.high + _NEAREST_M < b.low).any():
        return False
    first, second = a.extent, b.extent
    if first is None or second is None:
        return False
    away = float(np.linalg.norm(first.center - second.center))
    return away < max(0.05, min(_NEAREST_M, 0.6 * min(first.length, second.length)))


def expected_in(view: FrameView, points: np.ndarray) -> float:
    """Share of a thing's points that a view should show: in the picture and not hidden.

    Args:
        view: with geometry.
        points: (K, 3) world.
    """
    geometry = view.geometry
    if geometry is None or not len(points):
        return 0.0
    pose = geometry.pose
    camera = (points[:: max(1, len(points) // 200)] - pose[:3, 3]) @ pose[:3, :3]
    front = camera[camera[:, 2] > 0.05]
    if not len(front):
        return 0.0
    pixels = geometry.camera.project(front)
    finite = np.isfinite(pixels).all(axis=1)
    pixels, front = np.round(pixels[finite]).astype(int), front[finite]
    x, y = pixels[:, 0], pixels[:, 1]
    height, width = view.image.shape[:2]
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    depth = geometry.features.depth_m[y[inside], x[inside]]
    z = front[inside, 2]
    open_view = depth > z - 0.03 - 3 * geometry.features.sigma_m(z.astype(np.float32))
    return float(open_view.sum()) / max(1, len(camera))
