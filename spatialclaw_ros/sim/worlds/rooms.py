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


"""Rooms with furniture, seen by a robot that drives, and maybe by a camera up in a corner."""

from __future__ import annotations

import math

import numpy as np

from spatialclaw_ros.sim.objects import SceneObject
from spatialclaw_ros.sim.worlds.choose import Chooser
from spatialclaw_ros.sim.worlds.fixtures import (
    DESKS,
    FLOOR,
    ROOM_M,
    cabinet,
    door,
    light,
    shelf,
    shell,
    table,
)
from spatialclaw_ros.sim.worlds.motion import pushed, started
from spatialclaw_ros.sim.worlds.placing import Layout
from spatialclaw_ros.sim.worlds.rigs import (
    Rig,
    assemble,
    draw_views,
    drive,
    fixed,
    head,
    stamps,
    yaw_pose,
)
from spatialclaw_ros.sim.worlds.things import ON_FLOORS, ON_TABLES
from spatialclaw_ros.sim.worlds.world import BASE_FRAME, WORLD_FRAME, Support, World

TABLE_SHARE, SHELF_SHARE, CABINET_SHARE, DOOR_SHARE = 0.65, 0.6, 0.5, 0.9
ROW_SHARE, GROUP_SHARE, STACK_SHARE, MOTION_SHARE, DRIVE_SHARE = 0.3, 0.6, 0.4, 0.35, 0.85
GAP_M = 0.06
AREA = (0.7, -1.7, 2.7, 1.7)
"""Of the floor that things stand on: least x and y, greatest x and y; the far wall is at 3.5."""
TARGET = np.array([1.6, 0.0, 0.35])
SMALL = ('box', 'bottle', 'bowl', 'book', 'mug')


def room(seed: int, random: np.random.Generator) -> World | None:
    """Make one room; None when things didn't find room."""
    fixtures, supports = _furnish(random)
    wanted = int(random.integers(5, 12))
    high = [name for name in supports if name != 'floor']
    raised = min(int(random.integers(0, 4)) if high else 0, wanted - 3)
    chooser = Chooser(ON_FLOORS, ('white',), random)
    low, rows = _on_floor(chooser, wanted - raised, random)
    small = Chooser(ON_TABLES, ('white',), random, chooser.taken)
    top = [thing for _ in range(raised) for thing in small.single(SMALL)]
    layout = Layout([*low, *top], fixtures, GAP_M)
    named = {thing.name: thing for thing in low}
    for row in rows:
        if not layout.row([named[name] for name in row], FLOOR, random, area=AREA,
                          gap_m=float(random.uniform(GAP_M, 0.15))):
            return None
    if not all(layout.scatter(thing, FLOOR, random, area=AREA)
               for thing in low if thing.name not in layout.placed):
        return None
    bases = [thing.name for thing in low if thing.kind.split()[1] in ('box', 'crate')]
    for thing in top:
        if random.random() < STACK_SHARE and any(
                layout.stack(thing, base, random) for base in bases
                if base.split()[0] != thing.kind.split()[0]):
            continue
        rest = supports[str(random.choice(high))]
        edge = rest.size[0] / 2 - 0.10, rest.size[1] / 2 - 0.12
        if not layout.scatter(thing, rest, random, area=(-edge[0], -edge[1], *edge)):
            return None
    put = tuple(layout.placed[thing.name] for thing in (*low, *top))
    return _seen(seed, random, put, fixtures, supports, layout, rows)


def _furnish(
    random: np.random.Generator,
) -> tuple[tuple[SceneObject, ...], dict[str, Support]]:
    """Fixtures, and what can be stood on."""
    wall = ROOM_M / 2
    fixtures = list(shell(random))
    supports = {'floor': FLOOR}
    # along the far wall, from one side to the other
    left, middle, right = random.permutation([-1.75, 0.0, 1.75]) + random.uniform(-0.2, 0.2, 3)
    if random.random() < DOOR_SHARE:
        width, height = random.uniform(0.80, 0.95), random.uniform(1.96, 2.05)
        fixtures.append(door((wall, float(left)), 0.0, float(width), float(height)))
    if random.random() < SHELF_SHARE:
        depth, width = random.uniform(0.28, 0.36), random.uniform(0.8, 1.1)
        supports['shelf'] = Support(
            'shelf', np.array([wall - 0.03 - depth / 2, middle, random.uniform(0.8, 1.15)]),
            (float(depth), float(width)))
        fixtures.append(shelf(supports['shelf']))
    if random.random() < CABINET_SHARE:
        depth, width = random.uniform(0.38, 0.46), random.uniform(0.8, 1.1)
        supports['cabinet'] = Support(
            'cabinet', np.array([wall - 0.03 - depth / 2, right, random.uniform(0.75, 0.95)]),
            (float(depth), float(width)))
        fixtures.append(cabinet(supports['cabinet']))
    if random.random() < TABLE_SHARE:
        size = float(random.uniform(0.60, 0.75)), float(random.uniform(0.9, 1.3))
        center = np.array([random.uniform(1.2, 2.1), random.uniform(-0.9, 0.9),
                           round(float(random.uniform(0.68, 0.76)), 3)])
        supports['table'] = Support('table', center, size, float(random.uniform(-0.6, 0.6)))
        finish = DESKS[str(random.choice(['wood', 'dark wood']))]
        fixtures.append(table(supports['table'], finish))
    return tuple(fixtures), supports


def _on_floor(
    chooser: Chooser, wanted: int, random: np.random.Generator,
) -> tuple[list[SceneObject], tuple[tuple[str, ...], ...]]:
    """What stands on the floor, and which of it in a row."""
    things: list[SceneObject] = []
    rows: tuple[tuple[str, ...], ...] = ()
    if wanted >= 4 and random.random() < ROW_SHARE:
        row = chooser.mixed(int(random.integers(3, min(4, wanted) + 1)), ('bin', 'stool', 'ball'))
        if len(row) >= 3:
            rows = (tuple(thing.name for thing in row),)
        things += row
    if wanted - len(things) >= 2 and random.random() < GROUP_SHARE:
        count = min(int(random.integers(2, 5)), wanted - len(things))
        things += chooser.group(count, ('ball', 'stool', 'bin', 'box'))
    while len(things) < wanted:
        more = chooser.single()
        if not more:
            break
        things += more
    return things, rows


def _seen(
    seed: int, random: np.random.Generator, things: tuple[SceneObject, ...],
    fixtures: tuple[SceneObject, ...], supports: dict[str, Support], layout: Layout,
    rows: tuple[tuple[str, ...], ...],
) -> World:
    """Add cameras, motions and light."""
    each, seconds = draw_views(random)
    taken = stamps(each[0], seconds)
    drives = len(taken) > 1 and random.random() < DRIVE_SHARE
    distance = float(random.uniform(2.1, 3.3))
    base = drive(
        TARGET, distance, math.pi + float(random.uniform(-0.45, 0.45)),
        float(random.choice([-1.0, 1.0]) * random.uniform(0.15, 0.7)),
        float(random.uniform(0.0, 0.6)), taken if drives else taken[:1])
    height = float(random.uniform(1.1, 1.5))
    rigs: list[Rig] = [head(height, math.atan2(height - TARGET[2], distance), random, taken)]
    for number, (name, count) in enumerate(zip(('corner', 'front'), each[1:]), start=1):
        when = stamps(count, seconds, 0.013 * number)
        if name == 'corner':
            bearing = math.pi + float(random.choice([-1.0, 1.0]) * random.uniform(0.5, 1.1))
            away = float(random.uniform(2.6, 3.2))
            eye = TARGET + np.array([
                away * math.cos(bearing), away * math.sin(bearing), random.uniform(1.6, 1.9)])
            rigs.append(fixed(name, WORLD_FRAME, np.eye(4), eye, TARGET, random, when))
            continue
        # as the head, lower, and a little to the side
        rigs.append(fixed(name, BASE_FRAME, yaw_pose(0.0, 0.0, 0.0), np.array([0.2, 0.1, 0.8]),
                          np.array([distance, 0.0, 0.3]), random, when))
    links, cameras, views = assemble(base, rigs)
    motions = {}
    if len(views) >= 4 and random.random() < MOTION_SHARE:
        motions = pushed(things, layout, FLOOR, random, views[0].stamp_ns, views[-1].stamp_ns,
                         (0.4, 1.2), keep=[name for row in rows for name in row], area=AREA)
    return World(
        seed, 'room', started(things, motions), fixtures, supports, dict(layout.stands_on), rows,
        motions, links, cameras, views, light(random, TARGET, math.pi, 4.4, 4.0))
