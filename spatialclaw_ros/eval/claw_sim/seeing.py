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



"""What all the views of a world together show of its things."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from spatialclaw_ros.eval.claw_sim.sight import (
    COARSE,
    FINE,
    Sight,
    Skin,
    Solid,
    look_for,
    seen_of,
    skin_of,
)
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.sim.worlds.world import World

MAX_VIEWS = 8
"""Most views that are looked through; of more, those spread evenly over time, ends included."""
SLACK_M = 0.008
"""How much farther the nearest seen points may be than the nearest points."""
_SLANT = 0.15


class Seeing:
    """Sights of a world's things.

    Args:
        world: what is looked at.
        newest_alone: whether the other views don't count.
    """

    def __init__(self, world: World, *, newest_alone: bool = False) -> None:
        self._world = world
        self._newest_alone = newest_alone
        self._solids: dict[int, list[Solid]] = {}
        self._sights: dict[tuple[str, int, int], Sight] = {}
        self._skins: dict[tuple[str, int, int], Skin] = {}

    @cached_property
    def views(self) -> tuple[int, ...]:
        """Numbers of the views that are looked through, the last of each camera among them."""
        views = self._world.views
        if self._newest_alone:
            return (len(views) - 1,)
        last = {view.camera: number for number, view in enumerate(views)}
        spread = np.linspace(0, len(views) - 1, min(len(views), MAX_VIEWS)).round()
        return tuple(sorted({*spread.astype(int).tolist(), *last.values()}))

    def sight(self, name: str, view: int, sides: int = COARSE) -> Sight:
        """How a thing or a fixture shows in a view, by so many samples a side."""
        key = name, view, sides
        if key not in self._sights:
            own, others = self._parted(name, view)
            self._sights[key] = look_for(
                self._skin(name, view, sides), own, others, *self._eye(view))
        return self._sights[key]

    def sights(self, name: str) -> list[Sight]:
        """How a thing shows in each of `views`."""
        return [self.sight(name, view) for view in self.views]

    def gap_shows(self, a: str, b: str, gap_m: float) -> bool:
        """Whether views show, of both, points that are hardly farther apart than they are."""
        first, second = (self._skin(name, self.views[-1], FINE) for name in (a, b))
        reach = gap_m + SLACK_M
        near_a = first.where(cKDTree(second.points).query(first.points)[0] <= reach)
        near_b = second.where(cKDTree(first.points).query(second.points)[0] <= reach)
        shown_a, shown_b = self._shown(near_a, self.views), self._shown(near_b, self.views)
        if not len(shown_a) or not len(shown_b):
            return False
        return bool(cKDTree(shown_a).query(shown_b)[0].min() <= reach)

    def places_show(self, places: np.ndarray) -> np.ndarray:
        """Which places (N, 3) `odom`, free all round, any view shows, (N,) bool."""
        shown = np.zeros(len(places), dtype=bool)
        for view in self.views:
            camera, pose = self._eye(view)
            skin = Skin(places, pose[:3, 3] - places, np.ones(len(places)))
            facing, inside, hidden = seen_of(skin, self._all(view), camera, pose)
            shown |= facing & inside & ~hidden
        return shown

    def near_shows(self, distances_m: np.ndarray, skin: Skin) -> bool:
        """Whether a view shows some of the samples that are nearest to something else."""
        near = skin.where(distances_m <= distances_m.min() + SLACK_M)
        return len(self._shown(near, self.views)) > 0

    def fine(self, name: str) -> Skin:
        """Many samples of a thing, as it is now."""
        return self._skin(name, self.views[-1], FINE)

    def top_shows(self, name: str) -> bool:
        """Whether one view shows nearly all of a thing's level top."""
        skin = self.fine(name)
        z = skin.points[:, 2]
        top = skin.where((z > z.max() - 0.002) & (skin.normals[:, 2] > 0.9))
        if len(top.points) < 5:
            return True  # a ball, a tip: no level top
        for view in self.views:
            facing, inside, hidden = seen_of(top, self._parted(name, view)[1], *self._eye(view))
            if (facing & inside & ~hidden).mean() > 0.95:
                return True
        return False

    def reach_shown(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Points of a thing that any view at all shows, (K, 3), and all its points, (N, 3)."""
        skin = self.fine(name)
        return self._shown(skin, range(len(self._world.views))), skin.points

    def _shown(self, skin: Skin, views: Sequence[int]) -> np.ndarray:
        """Points of samples that any of some views shows, (K, 3)."""
        shown = np.zeros(len(skin.points), dtype=bool)
        if len(shown):
            for view in views:
                camera, pose = self._eye(view)
                facing, inside, hidden = seen_of(
                    skin, self._all(view), camera, pose, least_slant=_SLANT)
                shown |= facing & inside & ~hidden
        return skin.points[shown]

    def _eye(self, view: int) -> tuple[PinholeCamera, np.ndarray]:
        return (self._world.camera(self._world.views[view].camera).intrinsics,
                self._world.T_world_view(view))

    def _skin(self, name: str, view: int, sides: int) -> Skin:
        key = name, view if name in self._world.motions else -1, sides
        if key not in self._skins:
            self._skins[key] = skin_of(self._parted(name, view)[0], sides)
        return self._skins[key]

    def _parted(self, name: str, view: int) -> tuple[list[Solid], list[Solid]]:
        """Solids of a thing, and all others."""
        solids = self._all(view)
        return ([solid for solid in solids if solid.owner == name],
                [solid for solid in solids if solid.owner != name])

    def _all(self, view: int) -> list[Solid]:
        moves = bool(self._world.motions)
        key = view if moves else -1
        if key not in self._solids:
            stamp_ns = self._world.views[view].stamp_ns
            self._solids[key] = [
                Solid(thing.name, geom.type, np.array(geom.size),
                      self._world.T_world_object(thing.name, stamp_ns) @ geom.T_object_geom)
                for thing in (*self._world.things, *self._world.fixtures)
                for geom in thing.geoms if geom.type != 'plane']
        return self._solids[key]
