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



"""A world as those who ask about it know it: what things are called, what shows, what is true."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from spatialclaw_ros.eval.claw_sim import layout
from spatialclaw_ros.eval.claw_sim.naming import Item, Spoken
from spatialclaw_ros.eval.claw_sim.seeing import Seeing
from spatialclaw_ros.eval.claw_sim.sight import FINE
from spatialclaw_ros.sim.worlds.truth import WorldTruth
from spatialclaw_ros.sim.worlds.world import BASE_FRAME, GRIPPER_FRAME, WORLD_FRAME, World

LEAST_SHARE, LEAST_PX = 0.7, 500.0
"""What a view must show of a thing before it is asked about: share of its front, and pixels."""
_LEAST_PLACES = 4
_HIDDEN = 0.15
"""Share of a thing's front: nobody calls it partly hidden, or sees it, with less."""
_JUST_ABOVE = np.array([0.0, 0.0, 0.003])


class Known(Spoken):
    """Everything that families ask about.

    Args:
        world: the world.
        has_tf: whether the setting leaves TF to the robot.
        newest_alone: whether only the newest view counts, for nothing joins it to the others.
    """

    def __init__(
        self, world: World, *, has_tf: bool = True, newest_alone: bool = False,
    ) -> None:
        self.world = world
        self.has_tf = has_tf
        self._truth = WorldTruth(world)
        self._seeing = Seeing(world, newest_alone=newest_alone)
        self._gaps: dict[frozenset[str], float] = {}
        self._gaps_shown: dict[frozenset[str], bool] = {}
        super().__init__(tuple(
            Item(thing.name, thing.kind, *_colour_and_noun(thing.kind),
                 self._support(thing.name), thing.name in world.motions)
            for thing in world.things))

    @cached_property
    def seen(self) -> tuple[Item, ...]:
        """Things that some view shows well enough to be found."""
        return tuple(item for item in self.items if self._clear(item.name))

    @cached_property
    def clear(self) -> tuple[Item, ...]:
        """Things seen that have a phrase of their own."""
        return tuple(item for item in self.seen if len(self.alike(item)) == 1)

    @cached_property
    def whole(self) -> tuple[Item, ...]:
        """Of these, the ones that stand still and that a view shows whole."""
        return tuple(item for item in self.clear if not item.moves and any(
            sight.inside > 0.999 and sight.share > 0.9
            for sight in self._seeing.sights(item.name)))

    @cached_property
    def tracked(self) -> tuple[Item, ...]:
        """Things that move and are shown whole when they start and when they arrive."""
        stamps = self.stamps
        found = []
        for item in self.items:
            if item.moves and item in self.clear:
                first, last = (
                    [number for number, view in enumerate(self.world.views)
                     if view.stamp_ns == stamp]
                    for stamp in (stamps[0], stamps[-1]))
                if all(any(self._seeing.sight(item.name, number).share > 0.9
                           and self._seeing.sight(item.name, number).inside > 0.999
                           for number in numbers) for numbers in (first, last)):
                    found.append(item)
        return tuple(found)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras."""
        return tuple(camera.name for camera in self.world.cameras)

    @cached_property
    def stamps(self) -> tuple[int, ...]:
        """Stamps of the views, in order, each once."""
        return tuple(sorted({view.stamp_ns for view in self.world.views}))

    @cached_property
    def last_views(self) -> tuple[int, ...]:
        """Number of the newest view of each camera."""
        return tuple(self.last_view(camera) for camera in self.cameras)

    def last_view(self, camera: str) -> int:
        """Number of the newest view of a camera."""
        return max(number for number, view in enumerate(self.world.views)
                   if view.camera == camera)

    @cached_property
    def frame_words(self) -> tuple[tuple[str, str], ...]:
        """What a question may call a TF frame, and its name; none without TF."""
        if not self.has_tf:
            return ()
        words = (('gripper', GRIPPER_FRAME), ('base_link', BASE_FRAME), ('robot', BASE_FRAME))
        return tuple(pair for pair in words if pair[1] in self.world.frames)

    @cached_property
    def surfaces(self) -> tuple[str, ...]:
        """Supports that a question may name: the floor, and a table."""
        return tuple(name for name in ('table', 'floor') if name in self.world.supports)

    def _support(self, name: str) -> str:
        on = self.world.stands_on.get(name, '')
        return on if on in self.world.supports else ''

    def _clear(self, name: str) -> bool:
        return any(sight.share >= LEAST_SHARE and sight.pixels >= LEAST_PX and sight.inside > 0.9
                   for sight in self._seeing.sights(name))

    def tells(self, those: Sequence[Item], words: str) -> bool:
        """Whether nobody would argue about which things the words fit, and all of them show."""
        return self.agreed(those, words) and all(each in self.seen for each in those)

    # ---- what is true
    def gap(self, a: Item, b: Item) -> float:
        """Closest distance now, metres."""
        key = frozenset((a.name, b.name))
        if key not in self._gaps:
            self._gaps[key] = self._truth.distance(a.name, b.name).distance
        return self._gaps[key]

    def center(self, item: Item, frame: str = BASE_FRAME) -> np.ndarray:
        """Middle of a thing's upright box now, (3,), in a TF frame."""
        return self._truth.center(item.name, frame)

    def size(self, item: Item) -> tuple[float, float, float]:
        """Length, width, height, metres."""
        length, width, height = map(float, self._truth.size(item.name))
        return length, width, height

    def has_level_sides(self, item: Item) -> bool:
        """Whether people agree on its length and width: its longest side is level."""
        length, _, height = self.size(item)
        return item.cornered and height <= length + 1e-6

    def top(self, item: Item) -> float:
        """Height of its highest point above the floor."""
        return self._truth.top(item.name)

    def level(self, surface: str) -> float:
        """Height of a support above the floor."""
        return self.world.supports[surface].height

    def edge(self, item: Item) -> float | None:
        """Distance to the nearest edge of the table that it stands on; None for others."""
        return self._truth.distance_to_edge(item.name) if item.on == 'table' else None

    def from_camera(self, item: Item) -> float:
        """Distance of a thing's nearest point from the newest camera, metres."""
        return self._truth.closest_to_frame(item.name, self._newest_frame)

    def path_length(self, item: Item) -> float:
        """Length of the way that it went, metres."""
        return self._truth.path_length(item.name)

    def path_shown(self, item: Item) -> float:
        """The same, straight from each picture that shows it well to the next."""
        stamps = sorted({
            view.stamp_ns for number, view in enumerate(self.world.views)
            if self._seeing.sight(item.name, number).share >= LEAST_SHARE})
        places = [self._middle(item, stamp) for stamp in stamps]
        return sum(math.dist(a, b) for a, b in pairwise(places))

    def level_gap(self, a: Item, b: Item) -> float:
        """Distance of two things seen from above, metres; negative where one covers the other."""
        return self._truth.level_gap(a.name, b.name)

    def ends(self, item: Item) -> tuple[np.ndarray, np.ndarray]:
        """Middle of a thing at the first and at the last view, (3,) `odom`."""
        first, last = self.stamps[0], self.stamps[-1]
        return (self._truth.center(item.name, WORLD_FRAME, first),
                self._truth.center(item.name, WORLD_FRAME, last))

    @property
    def _newest_frame(self) -> str:
        return self.world.camera(self.world.views[-1].camera).frame

    # ---- as cameras see it
    def _middle(self, item: Item, stamp_ns: int | None = None) -> np.ndarray:
        return self._truth.center(
            item.name, WORLD_FRAME, self.stamps[-1] if stamp_ns is None else stamp_ns)

    def _pictures(self, items: Sequence[Item], camera: str = '') -> list[int]:
        """Views that show all of some things where they are now, and the last ones."""
        places = [self._middle(item) for item in items]
        earlier = () if any(item.moves for item in items) else self._seeing.views
        return sorted(
            view for view in {*self.last_views, *earlier}
            if camera in ('', self.world.views[view].camera) and (
                view in self.last_views
                or np.isfinite(layout.columns(self.world, view, places)).all()))

    def offsets(self, a: Item, b: Item, camera: str = '') -> list[layout.Offset]:
        """How `a` is to `b`, in each picture of both: nobody must ask which one is meant.

        Args:
            a: what is asked about.
            b: what it is compared with.
            camera: the only one that counts.
        """
        return [layout.offset(self.world, view, self._middle(b), self._middle(a))
                for view in self._pictures((a, b), camera)]

    def seen_as(self, view: int, start: np.ndarray, end: np.ndarray) -> layout.Offset:
        """How a view sees something go."""
        return layout.offset(self.world, view, start, end)

    def row(self, items: Sequence[Item]) -> list[Item] | None:
        """Things from left to right in all pictures; None when they don't stand so."""
        order = layout.row(
            self.world, self._pictures(items), [self._middle(item) for item in items])
        return None if order is None else [items[number] for number in order]

    def between(self, a: Item, b: Item) -> list[Item] | None:
        """What stands between two things; None when that can be argued about.

        That it can where furniture is there, or above.
        """
        if not a.on or a.on != b.on or any(
                layout.is_in_way(self._middle(a), self._middle(b), self._seeing.fine(name).points)
                for name in self._furniture(a)):
            return None
        others = [item for item in self.items if item not in (a, b)]
        inside, unclear = layout.between(self._middle(a), self._middle(b), [
            (self._middle(item), float(self.size(item)[1]) / 2, item.on == a.on)
            for item in others])
        return None if unclear else [others[number] for number in inside]

    def _furniture(self, item: Item) -> list[str]:
        """Names of the fixtures beside the floor, the walls and what a thing stands on."""
        return [each.name for each in self.world.fixtures
                if each.name not in ('floor', 'wall', item.on)]

    def bearing(self, item: Item, *, from_robot: bool) -> tuple[float, float]:
        """Level angle to a thing now, radians, left positive, and how far it is."""
        now = self.stamps[-1]
        if from_robot:
            pose = self.world.T_world_frame(BASE_FRAME, now)
        else:
            pose = self.world.T_world_view(len(self.world.views) - 1)
        return layout.bearing(pose, self._middle(item), optical=not from_robot)

    # ---- what shows
    def gap_shows(self, a: Item, b: Item, gap: float) -> bool:
        """Whether views show where two things are nearest to each other."""
        key = frozenset((a.name, b.name))
        if key not in self._gaps_shown:
            self._gaps_shown[key] = self._seeing.gap_shows(a.name, b.name, gap)
        return self._gaps_shown[key]

    def top_shows(self, item: Item) -> bool:
        """Whether a view shows a thing's whole top."""
        return self._seeing.top_shows(item.name)

    def edge_shows(self, item: Item, edge: float) -> bool:
        """Whether views show the nearest edge of the table, and the thing's side towards it."""
        support = self.world.supports['table']
        skin = self._seeing.fine(item.name)
        own = (skin.points - support.center)[:, :2] @ support.axes.T
        half = np.array(support.size) / 2
        to_edges = np.concatenate([half - own, half + own], axis=1)
        nearest = to_edges.min(axis=1)
        at = int(nearest.argmin())
        x, y = own[at]
        side = int(to_edges[at].argmin())
        edge_point = [(half[0], y), (x, half[1]), (-half[0], y), (x, -half[1])][side]
        return abs(nearest[at] - edge) < 0.02 and self._seeing.near_shows(
            nearest, skin) and bool(self._seeing.places_show(
                support.point(*edge_point)[None] + _JUST_ABOVE).any())

    def shows_nearest(self, item: Item) -> bool:
        """Whether the newest view shows a thing whole, so its nearest point as well."""
        sight = self._seeing.sight(item.name, len(self.world.views) - 1)
        return sight.share > 0.95 and sight.inside > 0.999

    def shows_surface(self, surface: str) -> bool:
        """Whether views show a good part of a support."""
        support = self.world.supports.get(surface)
        if support is None:
            return False
        if surface == 'floor':  # round about what is looked at
            middle = np.mean([self._middle(item) for item in self.items], axis=0)
            places = [np.array([middle[0] + reach * math.cos(turn),
                                middle[1] + reach * math.sin(turn), 0.0])
                      for reach in (0.7, 1.2, 1.8) for turn in np.arange(0, 2 * math.pi, 0.4)]
        else:
            places = [support.point(x * support.size[0], y * support.size[1])
                      for x in (-0.3, 0.0, 0.3) for y in (-0.3, 0.0, 0.3)]
        shown = self._seeing.places_show(np.stack(places) + _JUST_ABOVE)
        return int(shown.sum()) >= _LEAST_PLACES

    def cut_off(self, rng: random.Random) -> list[tuple[Item, str]]:
        """Things that are seen, but not to their end, and the dimension that is not known."""
        found = []
        for item in self.shuffled(rng, self.items):
            sights = self._seeing.sights(item.name)
            if item.moves or max(sight.inside for sight in sights) > 0.85 or max(
                    sight.pixels for sight in sights) < 2 * LEAST_PX or len(self.alike(item)) > 1:
                continue
            shown, points = self._seeing.reach_shown(item.name)
            # where the top shows, the ground beside it tells how high that is
            if len(shown) and np.ptp(points[:, 2]) * 0.2 < points[:, 2].max() - shown[:, 2].max():
                found.append((item, 'height'))
            elif len(shown) and self.has_level_sides(item):
                long = _long_axis(points)
                if np.ptp(shown @ long) < 0.8 * np.ptp(points @ long):
                    found.append((item, 'length'))
        return found

    def hidden_by(self, item: Item) -> list[Item] | None:
        """Things that it hides parts of in the newest view; None when that can be argued about."""
        view = len(self.world.views) - 1
        if not item.on or self._seeing.sight(item.name, view).pixels < LEAST_PX or any(
                item.name in self._seeing.sight(name, view, FINE).hidden_by
                for name in self._furniture(item)):
            return None
        found = []
        for other in self.items:
            sight = self._seeing.sight(other.name, view, FINE)
            hidden = sight.hidden_by.get(item.name, 0.0)
            if other == item or not hidden:
                continue
            if min(hidden, sight.share) < _HIDDEN or sight.inside < 0.999 or (
                    sight.pixels < LEAST_PX / 2):
                return None
            found.append(other)
        return found

    def facts(self, about: Sequence[str], truth: object) -> dict[str, float]:
        """Numbers to plot errors against."""
        found = {'views': float(len(self.world.views)), 'things': float(len(self.items)),
                 'cameras': float(len(self.cameras))}
        sights = {name: self._seeing.sights(name) for name in about}
        if sights:
            eyes = [self.world.T_world_view(number)[:3, 3] for number in self._seeing.views]
            found['distance_m'] = round(max(
                min(float(np.linalg.norm(self._truth.center(name, WORLD_FRAME, self.stamps[-1])
                                         - eye)) for eye in eyes) for name in about), 3)
            found['visible'] = round(min(
                max(sight.share for sight in each) for each in sights.values()), 3)
        if isinstance(truth, float) and not isinstance(truth, bool):
            found['truth'] = truth
        return found


def _colour_and_noun(kind: str) -> tuple[str, str]:
    colour, _, noun = kind.rpartition(' ')
    return colour, noun


def _long_axis(points: np.ndarray) -> np.ndarray:
    """Level direction along which points reach farthest, (3,)."""
    level = points[:, :2] - points[:, :2].mean(axis=0)
    axis = np.linalg.eigh(level.T @ level)[1][:, -1]
    return np.array([*axis, 0.0])
