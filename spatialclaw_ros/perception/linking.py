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

"""Things that several cameras see: which of them are one, where depth and TF tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.depth import clean_depth
from spatialclaw_ros.workspace.observation import Frame

# Of a ball of radius 1, the surfaces that cameras on opposite sides see have medians 1.41 apart and
# radii (below) of 0.93 each; two balls side by side are 2 apart, for two boxes it is 2 and 1.1.
_SHARE_OF_RADII = 0.85
_LEAST_M = 0.03
_LEAST_PIXELS = 12
_SAMPLES = 2000


@dataclass(frozen=True, eq=False)
class Seen:
    """One thing in some frames.

    Args:
        prompt: position of the text or box that found it.
        sources: cameras that see it.
        packed: frame index to (H, ceil(W / 8)) uint8, only frames that show it.
        scores: frame index to the score there, of the same frames.
    """

    prompt: int
    sources: tuple[str, ...]
    packed: Mapping[int, np.ndarray]
    scores: Mapping[int, float]

    @property
    def score(self) -> float:
        """The best of all frames; 0 for a thing that none shows."""
        return max(self.scores.values(), default=0.0)

    def mask(self, frame: int, width: int) -> np.ndarray:
        """(H, W) bool in one frame that shows it."""
        return np.unpackbits(self.packed[frame], axis=-1, count=width).view(bool)


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a thing is in the world: median (3,) metres, and how far its points are from it."""

    centre: np.ndarray
    radius_m: float


def link(
    found: Sequence[Seen], frames: Sequence[Frame], deadline: Deadline,
) -> tuple[list[Seen], list[str]]:
    """Join things of several cameras that are at one place.

    Args:
        found: by one camera each.
        frames: of the observation, by index.
        deadline: of the query.

    Returns:
        Things, joined where they are one, and notes on what was joined or could not be compared.
    """
    joined: list[Seen] = []
    notes: list[str] = []
    for prompt in dict.fromkeys(thing.prompt for thing in found):
        things = [thing for thing in found if thing.prompt == prompt]
        sources = list(dict.fromkeys(source for thing in things for source in thing.sources))
        if len(sources) < 2:
            joined += things
            continue
        deadline.check('comparing what several cameras see')
        places = {id(thing): _place(thing, frames) for thing in things}
        known = [thing for thing in things if places[id(thing)] is not None]
        lost = [thing for thing in things if places[id(thing)] is None]
        clusters: list[list[Seen]] = []
        for source in sources:
            _assign(clusters, [each for each in known if source in each.sources], places)
        joined += [_merged(cluster) for cluster in clusters] + lost
        names = ', '.join(f'"{source}"' for source in sources)
        count = sum(len(cluster) > 1 for cluster in clusters)
        if count:
            notes.append(f'{count} of the things that cameras {names} see are at one place and '
                         'count as one object.')
        if lost:
            notes.append(
                f'Cameras {names} may see the same things: {len(lost)} of them can not be '
                'compared without depth, CameraInfo and TF, and each is listed for itself.')
    return joined, list(dict.fromkeys(notes))


def _place(thing: Seen, frames: Sequence[Frame]) -> _Place | None:
    """Where a thing is, by the best frame that tells."""
    for index in sorted(thing.scores, key=lambda each: -thing.scores[each]):
        frame = frames[index]
        camera, pose, depth_m = frame.intrinsics, frame.T_world_camera, frame.depth_m
        if camera is None or pose is None or depth_m is None:
            continue
        depth = clean_depth(depth_m)
        pixels = np.flatnonzero(thing.mask(index, depth.shape[1]) & np.isfinite(depth))
        if len(pixels) < _LEAST_PIXELS:
            continue
        pixels = pixels[::max(1, len(pixels) // _SAMPLES)]
        points = camera.rays().reshape(-1, 3)[pixels] * depth.ravel()[pixels, None]
        points = points[np.isfinite(points).all(axis=1)] @ pose[:3, :3].T + pose[:3, 3]
        if len(points) < _LEAST_PIXELS:
            continue
        centre = np.median(points, axis=0)
        # A mask's rim is often on what is behind it: far points are left out.
        distance = np.linalg.norm(points - centre, axis=1)
        return _Place(centre, float(np.quantile(distance, 0.8)))
    return None


def _assign(
    clusters: list[list[Seen]], things: Sequence[Seen], places: Mapping[int, _Place | None],
) -> None:
    """Put each thing of a camera to the cluster that is where it is, or into one of its own."""
    old = len(clusters)
    left = list(things)
    if old and things:
        from scipy.optimize import linear_sum_assignment  # most of this module's import
        cost = np.array([[_apart(cluster, thing, places) for thing in things]
                         for cluster in clusters])
        for row, column in zip(*linear_sum_assignment(np.minimum(cost, 1.0))):
            if cost[row, column] < 1:
                clusters[row].append(things[column])
                left.remove(things[column])
    clusters += [[thing] for thing in left]


def _apart(
    cluster: Sequence[Seen], thing: Seen, places: Mapping[int, _Place | None],
) -> float:
    """Distance as a share of what one thing may have; below 1 it is one."""
    mine = places[id(thing)]
    shares = []
    for member in cluster:
        other = places[id(member)]
        if mine is not None and other is not None:
            limit = max(_LEAST_M, _SHARE_OF_RADII * (mine.radius_m + other.radius_m))
            shares.append(float(np.linalg.norm(mine.centre - other.centre)) / limit)
    return min(shares, default=1.0)


def _merged(cluster: Sequence[Seen]) -> Seen:
    packed = {index: mask for thing in cluster for index, mask in thing.packed.items()}
    scores = {index: score for thing in cluster for index, score in thing.scores.items()}
    sources = tuple(dict.fromkeys(source for thing in cluster for source in thing.sources))
    return Seen(cluster[0].prompt, sources, packed, scores)
