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

"""Which surface is the table, the floor, a counter, a shelf: height, area, and what lies lower."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.perception.surfaces import Surface
from spatialclaw_ros.perception.view import FrameView

KINDS = ('floor', 'table', 'counter', 'shelf', 'surface')

_SAME_HEIGHT_M = 0.045
_NEAR_M = 0.6
_LOW_CAMERA_M = 0.75  # over the only surface in view: lower, and it is a table
_STANDING = {'table': (0.73, 0.16), 'counter': (0.92, 0.09)}
_FULL_AREA_M2 = {'table': 0.25, 'counter': 0.25, 'shelf': 0.05}


@dataclass(frozen=True, eq=False)
class SurfaceGroup:
    """One real surface, as it shows in several frames.

    Args:
        height_m: world z.
        area_m2: largest area seen in one frame.
        members: (frame index, index into that view's surfaces).
        kinds: score in [0, 1] of each of `KINDS`.
    """

    height_m: float
    area_m2: float
    members: tuple[tuple[int, int], ...]
    kinds: Mapping[str, float]

    def within(self, frame: int) -> list[int]:
        """Indices of its surfaces in a frame's view."""
        return [index for where, index in self.members if where == frame]


def group_surfaces(views: Mapping[int, FrameView], shared_world: bool) -> list[SurfaceGroup]:
    """Put the frames' surfaces together and name them.

    Args:
        views: frame index to view.
        shared_world: whether all poses are in one world; if not, nothing joins across frames.
    """
    entries = [
        (frame, index, surface)
        for frame, view in views.items() for index, surface in enumerate(view.surfaces)]
    if not entries:
        return []
    parent = list(range(len(entries)))

    def root(item: int) -> int:
        while parent[item] != item:
            item = parent[item]
        return item

    boxes = [_bounds(surface) for _, _, surface in entries]
    for a in range(len(entries)):
        for b in range(a):
            if not shared_world and entries[a][0] != entries[b][0]:
                continue
            if abs(entries[a][2].height_m - entries[b][2].height_m) < _SAME_HEIGHT_M and (
                    _gap(boxes[a], boxes[b]) < _NEAR_M):
                parent[root(a)] = root(b)
    groups: dict[int, list[int]] = {}
    for item in range(len(entries)):
        groups.setdefault(root(item), []).append(item)
    drafts = []
    for items in groups.values():
        areas = np.array([entries[i][2].area_m2 for i in items])
        heights = np.array([entries[i][2].height_m for i in items])
        per_frame: dict[int, float] = {}
        for i in items:
            per_frame[entries[i][0]] = per_frame.get(entries[i][0], 0.0) + entries[i][2].area_m2
        drafts.append((
            float(_weighted_median(heights, areas)), max(per_frame.values()),
            tuple((entries[i][0], entries[i][1]) for i in items)))
    return _named(drafts, views)


def best_groups(groups: Sequence[SurfaceGroup], kind: str, plural: bool) -> list[SurfaceGroup]:
    """Groups that are of a kind, best first; one alone unless several are asked for.

    The floor is one thing, however many parts of it show.
    """
    fitting = sorted(
        (group for group in groups if group.kinds[kind] >= 0.2),
        key=lambda group: -group.kinds[kind])
    if not fitting:
        return []
    if plural or kind == 'floor':
        return fitting
    return fitting[:1]


def _named(
    drafts: list[tuple[float, float, tuple[tuple[int, int], ...]]],
    views: Mapping[int, FrameView],
) -> list[SurfaceGroup]:
    floor_z, floor_score = _floor(drafts, views)
    groups = []
    for height, area, members in drafts:
        above = height - floor_z
        kinds = dict.fromkeys(KINDS, 0.0)
        kinds['surface'] = min(1.0, area / 0.1)
        if abs(above) < 0.08:
            kinds['floor'] = floor_score
            kinds['table'] = 1.0 - floor_score
            kinds['counter'] = 0.7 * (1.0 - floor_score)
        elif above > 0.08:
            for kind, (usual, spread) in _STANDING.items():
                prior = math.exp(-0.5 * ((above - usual) / spread) ** 2)
                if above < 0.3 and kind == 'table':
                    prior = max(prior, 0.2)
                kinds[kind] = (0.25 + 0.75 * prior) * min(1.0, area / _FULL_AREA_M2[kind])
            kinds['shelf'] = 0.6 * min(1.0, area / _FULL_AREA_M2['shelf']) * (
                1.0 - 0.5 * kinds['table'])
        groups.append(SurfaceGroup(height, area, members, kinds))
    return groups


def _floor(
    drafts: list[tuple[float, float, tuple[tuple[int, int], ...]]],
    views: Mapping[int, FrameView],
) -> tuple[float, float]:
    """World z of the floor, and how sure it is that the lowest surface is the floor.

    With one level in view nothing but circumstance tells a floor from a table: how high the
    camera is above it, and whether anything is seen lower than it.
    """
    large = [draft for draft in drafts if draft[1] > 0.08] or drafts
    lowest = min(large, key=lambda draft: draft[0])
    height = lowest[0]
    cameras = [view.geometry.pose[2, 3] for view in views.values() if view.geometry is not None]
    rise = float(np.median(cameras)) - height
    if any(draft[0] > height + 0.25 for draft in large):
        sure = 1.0 if rise > 0.5 else 0.6
    else:
        sure = 0.85 if rise > _LOW_CAMERA_M else 0.15
        if _share_below(views, height - 0.12) > 0.004:
            sure = min(sure, 0.1)
        elif height > 0.25 and rise < 1.5:
            sure = min(sure, 0.3)
    if sure < 0.5 and height > 0.3:
        # A table top in a world that has its floor at zero.
        return 0.0, sure
    return height, sure


def _share_below(views: Mapping[int, FrameView], z: float) -> float:
    shares = []
    for view in views.values():
        if view.geometry is None:
            continue
        sample = view.geometry.points[::4, ::4, 2][view.clean[::4, ::4]]
        shares.append(float((sample < z).mean()) if len(sample) else 0.0)
    return max(shares, default=0.0)


def _bounds(surface: Surface) -> np.ndarray:
    points = surface.center_cells()
    return np.concatenate([points[:, :2].min(axis=0), points[:, :2].max(axis=0)])


def _gap(a: np.ndarray, b: np.ndarray) -> float:
    apart = np.maximum(0.0, np.maximum(a[:2] - b[2:], b[:2] - a[2:]))
    return float(np.hypot(*apart))


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][int(np.searchsorted(share, 0.5))])
