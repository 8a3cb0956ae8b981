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


"""Worlds from seeds: the same each time, nothing touches, everything is seen by some view."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.geometry.se3 import is_rigid
from spatialclaw_ros.sim.worlds.make import LEAST_SEEN, make_world
from spatialclaw_ros.sim.worlds.model import compile_world
from spatialclaw_ros.sim.worlds.paths import Path
from spatialclaw_ros.sim.worlds.placing import GAP_M
from spatialclaw_ros.sim.worlds.sights import view_sights
from spatialclaw_ros.sim.worlds.truth import WorldTruth
from spatialclaw_ros.sim.worlds.world import KINDS, Kind, World

SEEDS = (4, 8)
MADE = list(itertools.product(KINDS, SEEDS))
SECOND_NS = 1_000_000_000


@functools.cache
def known(kind: Kind, seed: int) -> WorldTruth:
    return WorldTruth(make_world(seed, kind=kind))


def sketch(world: World) -> list[object]:
    """All that makes a world what it is, in plain values."""
    return [
        [(thing.name, thing.kind, thing.position.tolist(), thing.yaw_rad,
          [geom.size for geom in thing.geoms]) for thing in (*world.things, *world.fixtures)],
        world.views, world.rows, dict(world.stands_on), world.light,
        [(link.frame, link.path.stamps_ns.tolist(), link.path.poses.tolist())
         for link in world.links],
        {name: path.poses.tolist() for name, path in world.motions.items()}]


def test_a_seed_is_one_world_and_another_seed_another() -> None:
    first, other = known('tabletop', 4).world, known('tabletop', 8).world
    assert sketch(make_world(4, kind='tabletop')) == sketch(first)
    assert sketch(first) != sketch(other)


@pytest.mark.parametrize(('kind', 'first', 'last', 'position', 'eye'), [
    ('tabletop', 'red block 1', 'blue block', (0.724153, -0.198422, 0.712),
     (0.647428, -0.400267, 1.483593)),
    ('room', 'orange suitcase', 'pink bottle', (3.33276, 0.050423, 0.950674),
     (-0.999277, -0.345655, 1.236563))])
def test_seeds_stay_the_worlds_that_questions_are_published_for(
    kind: Kind, first: str, last: str, position: tuple[float, ...], eye: tuple[float, ...],
) -> None:
    world = known(kind, 4).world
    assert (world.names[0], world.names[-1]) == (first, last)
    np.testing.assert_allclose(world.things[-1].position, position, atol=2e-6)
    np.testing.assert_allclose(world.T_world_view(0)[:3, 3], eye, atol=2e-6)


@pytest.mark.parametrize(('seed', 'kind'), [(-1, None), (0, 'kitchen')])
def test_what_is_no_world_is_refused(seed: int, kind: Kind | None) -> None:
    with pytest.raises(InvalidRequestError, match='tabletop'):
        make_world(seed, kind=kind)


@pytest.mark.parametrize(('kind', 'seed'), MADE)
def test_worlds_have_the_size_that_is_promised(kind: Kind, seed: int) -> None:
    world = known(kind, seed).world
    assert 5 <= len(world.things) <= 15
    assert 1 <= len(world.views) <= 32
    assert 1 <= len(world.cameras) <= 3
    assert world.end_ns - world.start_ns <= 8.1 * SECOND_NS
    stamps = [view.stamp_ns for view in world.views]
    assert stamps == sorted(stamps)
    assert {view.camera for view in world.views} == {camera.name for camera in world.cameras}
    for frame in world.frames:
        assert is_rigid(world.T_world_frame(frame, world.end_ns))
    for camera in world.cameras:
        poses = [world.T_world_view(index) for index, view in enumerate(world.views)
                 if view.camera == camera.name]
        assert camera.moves == (np.ptp(poses, axis=0).max() > 1e-6)


@pytest.mark.parametrize(('kind', 'seed'), MADE)
def test_nothing_touches_but_what_it_stands_on(kind: Kind, seed: int) -> None:
    truth = known(kind, seed)
    world = truth.world
    stamps = np.linspace(world.start_ns, world.end_ns, 5).astype(np.int64)
    for name in world.names:
        under = world.stands_on[name]
        assert abs(truth.distance(name, under).distance) < 1e-4
        if under in world.supports:
            assert min(truth.distance_to_edge(name, under, int(stamp)) for stamp in stamps) >= 0.0
    for a, b in itertools.combinations(world.names, 2):
        if world.stands_on[a] == b or world.stands_on[b] == a:
            continue
        moving = a in world.motions or b in world.motions
        gaps = [truth.distance(a, b, int(stamp)).distance for stamp in
                (stamps if moving else stamps[:1])]
        assert min(gaps) >= GAP_M - 1e-6, (a, b)


@pytest.mark.parametrize(('kind', 'seed'), MADE)
def test_every_thing_is_seen_and_has_a_name_of_its_own(kind: Kind, seed: int) -> None:
    world = known(kind, seed).world
    compiled = compile_world(world)
    views = [view_sights(compiled, index, world.names) for index in range(len(world.views))]
    for thing in world.things:
        assert max(view[thing.name].visible for view in views) >= LEAST_SEEN, thing.name
        same = [one.kind for one in world.things].count(thing.kind)
        assert thing.name == thing.kind if same == 1 else thing.name.startswith(f'{thing.kind} ')


def test_some_worlds_have_rows_stacks_and_motions() -> None:
    worlds = [truth.world for truth in (known(*made) for made in MADE)]
    assert any(world.rows for world in worlds)
    assert any(under in world.names for world in worlds for under in world.stands_on.values())
    row = next(world for world in worlds if world.rows)
    centers = np.array([row.object(name).position for name in row.rows[0]])
    steps = np.diff(centers, axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-9)


def test_a_path_is_straight_between_its_poses_and_still_outside() -> None:
    poses = np.tile(np.eye(4), (3, 1, 1))
    poses[1, 0, 3], poses[2, :2, 3] = 1.0, (1.0, 2.0)
    path = Path(np.array([0, 10, 30]), poses)
    assert path.at(-5)[0, 3] == 0.0
    np.testing.assert_allclose(path.at(20)[:2, 3], (1.0, 1.0))
    np.testing.assert_allclose(path.at(99)[:2, 3], (1.0, 2.0))
    assert path.length_m(5, 20) == pytest.approx(1.5)
    assert path.length_m(-5, 99) == pytest.approx(3.0)
    with pytest.raises(ValueError, match='rise'):
        Path(np.array([0, 0]), poses[:2])
