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


"""Worlds from seeds: the same seed is the same world, on any platform.

Held with NumPy 1.24 and 2.4 and MuJoCo 3.3 to 4.0; before 3.3, MuJoCo's distances of geoms were
centimetres off.
"""

from __future__ import annotations

import numpy as np

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.sim.worlds.model import compile_world
from spatialclaw_ros.sim.worlds.rooms import room
from spatialclaw_ros.sim.worlds.sights import view_sights
from spatialclaw_ros.sim.worlds.tabletop import tabletop
from spatialclaw_ros.sim.worlds.world import KINDS, Kind, World

ATTEMPTS = 200
ROOM_SHARE = 0.35
LEAST_SEEN, LEAST_PIXELS = 0.35, 220
"""Of each thing, in the view that shows it best."""


def make_world(seed: int, *, kind: Kind | None = None) -> World:
    """Make the world of a seed.

    Args:
        seed: 0 or more.
        kind: 'tabletop' or 'room'; drawn from the seed when None.

    Returns:
        A world each of whose things is seen well enough in a view.

    Raises:
        InvalidRequestError: a negative seed, an unknown kind, or, never seen so far, a seed that
            no world comes of.
    """
    if seed < 0 or kind not in (None, *KINDS):
        raise InvalidRequestError(
            f'a world needs a seed of 0 or more and a kind of {", ".join(KINDS)}, got {seed} and '
            f'{kind!r}')
    random = np.random.default_rng(seed)
    drawn: Kind = 'room' if random.random() < ROOM_SHARE else 'tabletop'
    make = {'tabletop': tabletop, 'room': room}[kind or drawn]
    for _ in range(ATTEMPTS):
        world = make(seed, random)
        if world is not None and _well_seen(world):
            return world
    raise InvalidRequestError(f'no world came of seed {seed} in {ATTEMPTS} attempts: take another')


def _well_seen(world: World) -> bool:
    """Whether each thing shows enough of itself in some view."""
    compiled = compile_world(world)
    unseen = set(world.names)
    for index in range(len(world.views)):
        unseen -= {
            name for name, sight in view_sights(compiled, index, unseen).items()
            if sight.visible >= LEAST_SEEN and sight.pixels >= LEAST_PIXELS}
        if not unseen:
            return True
    return False
