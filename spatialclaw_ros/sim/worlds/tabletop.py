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


"""Tables with household things, seen by a robot's arm, its front camera, or one of the room."""

from __future__ import annotations

import math

import numpy as np

from spatialclaw_ros.geometry.se3 import transform_points
from spatialclaw_ros.sim.objects import SceneObject
from spatialclaw_ros.sim.worlds.choose import Chooser
from spatialclaw_ros.sim.worlds.fixtures import DESKS, FLOOR, light, shell, table
from spatialclaw_ros.sim.worlds.motion import pushed, started
from spatialclaw_ros.sim.worlds.paths import Path
from spatialclaw_ros.sim.worlds.placing import Layout
from spatialclaw_ros.sim.worlds.rigs import (
    assemble,
    draw_views,
    fixed,
    stamps,
    wrist,
    yaw_pose,
)
from spatialclaw_ros.sim.worlds.things import ON_TABLES
from spatialclaw_ros.sim.worlds.world import BASE_FRAME, WORLD_FRAME, Support, World

EDGE_SHARE, ROW_SHARE, GROUP_SHARE, STACK_SHARE, MOTION_SHARE = 0.35, 0.4, 0.75, 0.35, 0.3


def tabletop(seed: int, random: np.random.Generator) -> World | None:
    """Make one tabletop; None when things didn't find room."""
    T_world_base = yaw_pose(
        random.uniform(-0.3, 0.3), random.uniform(-0.3, 0.3), random.uniform(-0.5, 0.5))
    desk = str(random.choice(list(DESKS)))
    size = float(random.uniform(0.70, 0.90)), float(random.uniform(1.10, 1.50))
    height = round(float(random.uniform(0.68, 0.78)), 3)
    middle = transform_points(T_world_base, np.array([
        0.48 + size[0] / 2, random.uniform(-0.08, 0.08), height]))
    yaw = math.atan2(T_world_base[1, 0], T_world_base[0, 0]) + random.uniform(-0.15, 0.15)
    top = Support('table', middle, size, yaw)
    things, rows = _choose(random, DESKS[desk].like)
    fixtures = (*shell(random), table(top, DESKS[desk]))
    layout = Layout(things, fixtures)
    if not _arrange(layout, top, things, rows, random):
        return None
    put = tuple(layout.placed[thing.name] for thing in things)
    return _seen(seed, random, T_world_base, top, put, fixtures, layout, rows)


def _choose(
    random: np.random.Generator, like: tuple[str, ...],
) -> tuple[list[SceneObject], tuple[tuple[str, ...], ...]]:
    """The things, and which of them stand in a row."""
    wanted = int(random.integers(5, 16))
    chooser = Chooser(ON_TABLES, like, random)
    things: list[SceneObject] = []
    rows: tuple[tuple[str, ...], ...] = ()
    if random.random() < ROW_SHARE:
        count = min(int(random.integers(3, 6)), wanted)
        row = chooser.mixed(count, ('block', 'ball', 'can', 'cup')) if random.random() < 0.6 else (
            chooser.group(count, ('block', 'ball', 'can')))
        if len(row) >= 3:
            rows = (tuple(thing.name for thing in row),)
        things += row
    if wanted - len(things) >= 2 and random.random() < GROUP_SHARE:
        count = min(int(random.integers(2, 7)), wanted - len(things))
        things += chooser.group(count, ('ball', 'block', 'can', 'cup', 'mug'))
    while len(things) < wanted:
        more = chooser.single()
        if not more:
            break
        things += more
    return things, rows


def _arrange(
    layout: Layout, top: Support, things: list[SceneObject], rows: tuple[tuple[str, ...], ...],
    random: np.random.Generator,
) -> bool:
    """Put everything on the table; whether all found room."""
    reach = min(top.size[0] / 2 - 0.07, 0.34), min(top.size[1] / 2 - 0.08, 0.46)
    area = -reach[0], -reach[1], reach[0], reach[1]
    named = {thing.name: thing for thing in things}
    for row in rows:
        if not layout.row([named[name] for name in row], top, random, area=area,
                          gap_m=float(random.uniform(0.02, 0.05))):
            return False
    loose = [thing for thing in things if thing.name not in layout.placed]
    # large things first: small ones find room between them
    loose.sort(key=lambda thing: not ON_TABLES[thing.kind.split()[1]].flat)
    stacked = random.random() < STACK_SHARE
    at_edge = random.random() < EDGE_SHARE
    for thing in loose:
        if stacked and not ON_TABLES[thing.kind.split()[1]].round:
            bases = [name for name, under in layout.stands_on.items() if under == 'table'
                     and ON_TABLES[named[name].kind.split()[1]].flat
                     and name.split()[0] != thing.kind.split()[0]]
            if any(layout.stack(thing, base, random) for base in bases):
                stacked = False
                continue
        if at_edge and not ON_TABLES[thing.kind.split()[1]].flat:
            at_edge = not layout.at_edge(thing, top, random, along_m=reach[1])
            if not at_edge:
                continue
        if not layout.scatter(thing, top, random, area=area):
            return False
    return True


def _seen(
    seed: int, random: np.random.Generator, T_world_base: np.ndarray, top: Support,
    things: tuple[SceneObject, ...], fixtures: tuple[SceneObject, ...], layout: Layout,
    rows: tuple[tuple[str, ...], ...],
) -> World:
    """Add cameras, motions and light."""
    target = np.mean([thing.position for thing in things], axis=0) + np.array([0, 0, 0.03])
    each, seconds = draw_views(random)
    base = Path.still(T_world_base)
    rigs = []
    names = ['wrist', *map(str, random.permutation(['front', 'side', 'top']))]
    if len(each) == 1 and random.random() < 0.2:
        names = ['front']
    for number, (name, count) in enumerate(zip(names, each)):
        taken = stamps(count, seconds, 0.013 * number)
        if name == 'wrist':
            rigs.append(wrist(T_world_base, target, random, taken))
            continue
        bearing, distance, rise = {
            'front': (math.pi + random.uniform(-0.3, 0.3), random.uniform(0.75, 1.0),
                      random.uniform(0.55, 0.85)),
            'side': (random.choice([-1, 1]) * random.uniform(1.0, 1.9), random.uniform(0.8, 1.1),
                     random.uniform(0.5, 0.9)),
            'top': (math.pi, random.uniform(0.02, 0.15), random.uniform(0.95, 1.25))}[name]
        bearing += top.yaw_rad
        eye = target + distance * np.array([math.cos(bearing), math.sin(bearing), 0])
        parent, pose = (BASE_FRAME, T_world_base) if name == 'front' else (WORLD_FRAME, np.eye(4))
        rigs.append(fixed(name, parent, pose, eye + np.array([0, 0, rise]), target, random, taken))
    links, cams, views = assemble(base, rigs)
    motions = {}
    if len(views) >= 4 and random.random() < MOTION_SHARE:
        motions = pushed(things, layout, top, random, views[0].stamp_ns, views[-1].stamp_ns,
                         (0.12, 0.35), keep=[name for row in rows for name in row])
    return World(
        seed, 'tabletop', started(things, motions), fixtures, {'floor': FLOOR, 'table': top},
        dict(layout.stands_on), rows, motions, links, cams, views,
        light(random, target, random.uniform(-math.pi, math.pi), 1.7, 1.9))
