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


"""True answers about a world that is small enough to know them by hand."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import look_at, make_transform
from spatialclaw_ros.sim.objects import SceneObject
from spatialclaw_ros.sim.worlds.fixtures import DESKS, FLOOR, shell, table
from spatialclaw_ros.sim.worlds.model import compile_world
from spatialclaw_ros.sim.worlds.paths import Path
from spatialclaw_ros.sim.worlds.sights import view_sights
from spatialclaw_ros.sim.worlds.things import ON_TABLES, PALETTE, named, placed
from spatialclaw_ros.sim.worlds.truth import WorldTruth
from spatialclaw_ros.sim.worlds.world import (
    BASE_FRAME,
    WORLD_FRAME,
    Camera,
    Light,
    Link,
    Support,
    View,
    World,
)

CAMERA = PinholeCamera(640, 480, 580.0, 580.0, 319.5, 239.5)
SECOND_NS = 1_000_000_000
TOP = Support('table', np.array([1.0, 0.0, 0.70]), (0.8, 1.2))
BASE = make_transform(np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
                      np.array([0.2, 0.0, 0.0]))


def thing(kind: str, sizes: tuple[float, ...], x: float, y: float, z: float = 0.70) -> SceneObject:
    colour, noun = kind.split()
    made = named(ON_TABLES[noun], kind, kind, PALETTE[colour], sizes)
    return placed(made, np.array([x, y, z]), 0.0)


@pytest.fixture(scope='module')
def truth() -> WorldTruth:
    things = (
        thing('red box', (0.10, 0.06, 0.08), 1.0, 0.30),
        thing('blue block', (0.05,), 1.0, 0.0),
        thing('green ball', (0.04,), 1.0, -0.30),
        thing('cyan book', (0.20, 0.14, 0.03), 0.75, 0.0),
        thing('white bottle', (0.03, 0.20), 1.25, -0.30),
        thing('yellow cup', (0.035, 0.09), 0.75, 0.0, 0.73))
    rolling = [make_transform(np.eye(3), np.array(place)) for place in (
        (1.0, -0.30, 0.70), (0.9, -0.30, 0.70), (0.9, -0.50, 0.70))]
    eyes = [look_at(np.array([0.1, y, 1.3]), np.array([1.0, y, 0.7])) for y in (-0.1, 0.2)]
    return WorldTruth(World(
        0, 'tabletop', things, (*shell(np.random.default_rng(0)), table(TOP, DESKS['wood'])),
        {'floor': FLOOR, 'table': TOP},
        {one.name: 'cyan book' if one.name == 'yellow cup' else 'table' for one in things}, (),
        {'green ball': Path.through([SECOND_NS, 2 * SECOND_NS, 3 * SECOND_NS], rolling)},
        (Link(BASE_FRAME, WORLD_FRAME, Path.still(BASE)),
         Link('eye', WORLD_FRAME, Path.through([0, 4 * SECOND_NS], eyes))),
        (Camera('eye', 'eye', CAMERA, moves=True),), (View('eye', 0), View('eye', 4 * SECOND_NS)),
        Light((0.0, 1.0, 3.0), 1.0, 0.5)))


def test_distances_and_sizes(truth: WorldTruth) -> None:
    assert truth.distance('red box', 'blue block').distance == pytest.approx(0.245)
    assert truth.size('red box') == pytest.approx([0.10, 0.06, 0.08])
    assert truth.distance('green ball', 'white bottle', 0).distance == pytest.approx(0.18)
    assert truth.level_gap('red box', 'blue block') == pytest.approx(0.245, abs=1e-4)
    # the cup stands on the book
    assert truth.level_gap('yellow cup', 'cyan book') == pytest.approx(-0.105, abs=1e-3)
    assert truth.level_gap('white bottle', 'green ball', 0) == pytest.approx(0.18, abs=1e-4)


def test_frames(truth: WorldTruth) -> None:
    # the base stands at x = 0.2 and looks along y
    assert truth.center('red box') == pytest.approx([0.30, -0.8, 0.74])
    assert truth.center('red box', WORLD_FRAME) == pytest.approx([1.0, 0.30, 0.74])
    away = np.array([0.27, 0.75, 0.70])
    assert truth.closest_to_frame('red box', BASE_FRAME) == pytest.approx(
        np.linalg.norm(away), abs=1e-5)


def test_heights_and_edges(truth: WorldTruth) -> None:
    assert truth.top('red box') == pytest.approx(0.78)
    assert truth.top('red box', 'table') == pytest.approx(0.08)
    assert truth.top('table') == pytest.approx(0.70)
    assert truth.distance_to_edge('red box') == pytest.approx(0.27)
    assert truth.distance_to_edge('green ball', stamp_ns=4 * SECOND_NS) == pytest.approx(0.06)


def test_motion(truth: WorldTruth) -> None:
    assert truth.path_length('green ball') == pytest.approx(0.30)
    assert truth.path_length('green ball', 0, round(1.5 * SECOND_NS)) == pytest.approx(0.05)
    assert truth.path_length('red box') == 0.0


def test_sights(truth: WorldTruth) -> None:
    first = view_sights(compile_world(truth.world), 0, truth.world.names)
    assert first['red box'].visible == pytest.approx(1.0)
    assert not first['red box'].cut
    book = first['cyan book']
    assert book.visible < 0.9
    assert set(book.hidden_by) == {'yellow cup'}
    assert book.visible + book.hidden_by['yellow cup'] == pytest.approx(1.0, abs=1e-6)


def test_unknown_names_are_listed(truth: WorldTruth) -> None:
    with pytest.raises(KeyError, match='red box'):
        truth.world.object('red cow')
    with pytest.raises(KeyError, match='base_link'):
        truth.center('red box', 'nowhere')
