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



"""Question families on one small world made by hand, whose truths are known without a computer."""

from __future__ import annotations

import itertools
import math
import random
import re

import numpy as np
import pytest

from spatialclaw_ros.eval.claw_sim import choosing, metric, moving, refusing, relations
from spatialclaw_ros.eval.claw_sim.asked import Asked, Family
from spatialclaw_ros.eval.claw_sim.families import FAMILIES, families_for
from spatialclaw_ros.eval.claw_sim.known import Known
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import look_at, make_transform
from spatialclaw_ros.sim import objects
from spatialclaw_ros.sim.objects import SceneObject
from spatialclaw_ros.sim.worlds.fixtures import DESKS, FLOOR, table
from spatialclaw_ros.sim.worlds.paths import Path
from spatialclaw_ros.sim.worlds.settings import SETTINGS
from spatialclaw_ros.sim.worlds.things import PALETTE, block, solid
from spatialclaw_ros.sim.worlds.world import Camera, Light, Link, Support, View, World

TOP = Support('table', np.array([1.0, 0.0, 0.7]), (0.8, 1.6))
SECOND_NS = 1_000_000_000


def on_table(x: float, y: float) -> np.ndarray:
    """A place on the table, `odom`; the robot's base stands at the origin and looks along x."""
    return np.array([x, y, 0.7])


def ball(name: str, colour: str, x: float, y: float) -> SceneObject:
    """A ball of 4 cm radius."""
    return objects.ball(name, PALETTE[colour], 0.04, on_table(x, y), f'{colour} ball')


def small_world() -> World:
    """A box, a bottle, a ball between them, two balls of one colour, and one that rolls."""
    things = (
        objects.box('red box', PALETTE['red'], (0.10, 0.06, 0.05), on_table(0.9, 0.3), 0.0),
        objects.bottle('blue bottle', PALETTE['blue'], on_table(0.9, -0.1), radius=0.03,
                       height=0.20),
        ball('green ball', 'green', 0.9, 0.1),
        ball('orange ball 1', 'orange', 1.1, 0.4), ball('orange ball 2', 'orange', 1.1, -0.3),
        ball('purple ball', 'purple', 0.75, -0.5),
    )
    floor = solid('floor', [block((-3, -3, -0.1), (3, 3, 0), (0.5, 0.5, 0.5, 1.0))])
    front = look_at(np.array([0.1, 0.0, 1.6]), np.array([0.95, 0.0, 0.7]))
    rolled = Path.through([0, SECOND_NS], [
        make_transform(np.eye(3), on_table(0.75, y)) for y in (-0.5, -0.3)])
    return World(
        0, 'tabletop', things, (floor, table(TOP, DESKS['wood'])),
        {'floor': FLOOR, 'table': TOP}, {thing.name: 'table' for thing in things}, (),
        {'purple ball': rolled},
        (Link('base_link', 'odom', Path.still(np.eye(4))),
         Link('front_optical', 'base_link', Path.still(front))),
        (Camera('front', 'front_optical', PinholeCamera(640, 480, 450.0, 450.0, 319.5, 239.5),
                False),),
        (View('front', 0), View('front', SECOND_NS)), Light((0.2, 1.3, 2.4), 1.0, 0.3))


@pytest.fixture(scope='module')
def known() -> Known:
    return Known(small_world())


def asked(known: Known, family: Family, most: int = 40) -> list[Asked]:
    """Questions of a family, from several chances."""
    return [each for seed in range(8) for each in itertools.islice(
        family(known, random.Random(seed)), most)]


def of(questions: list[Asked], *words: str) -> list[Asked]:
    """Those whose texts have all of some words."""
    return [each for each in questions if all(word in each.text for word in words)]


def test_what_is_known(known: Known) -> None:
    assert {item.name for item in known.whole} == {'red box', 'blue bottle', 'green ball'}
    assert {item.name for item in known.tracked} == {'purple ball'}
    assert 'orange ball 1' in {item.name for item in known.seen}
    assert not {'orange ball 1', 'orange ball 2'} & {item.name for item in known.clear}


# The box reaches from y = 0.27 to 0.33 (its length lies along x), the bottle is 3 cm thick.
@pytest.mark.parametrize(('family', 'words', 'truth'), [
    (metric.closest_distance, ('red box', 'blue bottle'), 0.40 - 0.03 - 0.03),
    (metric.center_distance, ('red box', 'green ball'), math.hypot(0.2, 0.015)),
    (metric.edge_distance, ('red box',), 1.4 - 0.95 - 0.2),
    (metric.frame_distance, ('green ball',), math.hypot(0.9, 0.1, 0.74)),
    (metric.size, ('width', 'red box'), 0.06),
    (metric.size, ('red box', 'tall'), 0.05),
    (metric.size, ('diameter', 'green ball'), 0.08),
    (metric.height, ('blue bottle', 'table'), 0.20),
    (metric.height, ('red box', 'floor'), 0.75),
    (moving.moved_distance, ('purple ball',), 0.2),
    (moving.path_length, ('purple ball',), 0.2),
    (moving.bearing, ('green ball', 'robot'), math.atan2(0.1, 0.9)),
])
def test_measures(known: Known, family: Family, words: tuple[str, ...], truth: float) -> None:
    questions = of(asked(known, family), *words)
    assert questions
    for question in questions:
        assert question.answer == 'number'
        assert question.truth == pytest.approx(truth, abs=2e-4)
        assert question.unit in ('m', 'rad')


def test_position_is_in_the_frame_that_is_asked_for(known: Known) -> None:
    for question in of(asked(known, metric.position), 'green ball'):
        assert question.truth == pytest.approx((0.9, 0.1, 0.74))
        assert question.frame == 'base_link'


@pytest.mark.parametrize(('family', 'words', 'truth'), [
    (choosing.count, ('orange balls',), 2.0),
    (choosing.count, ('many balls',), 4.0),
    (choosing.existence, ('red box',), True),
    (choosing.existence, ('yellow',), False),
    (choosing.nearest, ('closer to the red box', 'green ball', 'bottle'), 'green ball'),
    (choosing.extreme, ('taller', 'red box', 'blue bottle'), 'blue bottle'),
    (choosing.comparison, ('Is the blue bottle taller than the red box',), True),
    (relations.relation, ('Is the red box left of the green ball',), True),
    (relations.relation, ('Is the green ball left of the red box',), False),
    (relations.relation, ('on the floor', 'red box'), False),
    (relations.which_side, ('of the red box', 'green ball'), 'right'),
    (relations.between, ('red box', 'blue bottle'), 'green ball'),
    (relations.viewpoint, ('from the other side', 'red box left of the green ball'), False),
    (moving.did_it_move, ('purple ball',), True),
    (moving.did_it_move, ('red box',), False),
    (moving.direction, ('purple ball',), 'left'),
])
def test_choices(
    known: Known, family: Family, words: tuple[str, ...], truth: str | float | bool,
) -> None:
    questions = of(asked(known, family), *words)
    assert questions
    for question in questions:
        assert question.truth == truth
        assert type(question.truth) is type(truth)
        assert not question.options or question.truth in question.options


def test_rows(known: Known) -> None:
    for question in asked(known, relations.row_order):
        row = sorted(question.options, key=['red box', 'green ball', 'blue bottle', 'purple ball']
                     .index)
        place = next(word for word in ('first', 'second', 'third') if word in question.text)
        index = ['first', 'second', 'third'].index(place)
        assert question.truth == (row if 'left' in question.text else row[::-1])[index]


def test_limits_are_clear_or_refused(known: Known) -> None:
    gap = 0.34
    for question in of(asked(known, choosing.limit), 'red box', 'blue bottle', 'wider than'):
        limit = float(question.text.split()[-2]) / 100
        assert abs(limit - gap) > 0.03
        assert question.truth is (gap > limit)
    assert all(question.truth is None for question in asked(known, refusing.borderline))


@pytest.mark.parametrize('family', [
    refusing.absent, refusing.ambiguous, refusing.unknown_frame, refusing.without_metres,
    refusing.without_tf])
def test_refusals_have_no_truth(known: Known, family: Family) -> None:
    questions = asked(known, family)
    assert questions
    for question in questions:
        assert question.truth is None
        assert question.tags['why']


def test_absent_things_are_absent(known: Known) -> None:
    colours = {item.colour for item in known.items}
    assert known.absent(random.Random(0))
    assert not any(phrase.split()[0] in colours for phrase in known.absent(random.Random(0)))


def test_a_cut_off_thing_has_no_known_size() -> None:
    world = small_world()
    shifted = look_at(np.array([0.3, 0.55, 1.15]), np.array([0.9, 0.55, 0.80]))
    links = (world.links[0], Link('front_optical', 'base_link', Path.still(shifted)))
    things = tuple(thing for thing in world.things if thing.name != 'purple ball')
    tall = objects.box('pink box', PALETTE['pink'], (0.3, 0.3, 0.9), on_table(1.1, 0.55), 0.0)
    cut = World(**{
        name: getattr(world, name) for name in (
            'seed', 'kind', 'fixtures', 'supports', 'rows', 'cameras', 'views', 'light')},
        things=(*things, tall), stands_on={thing.name: 'table' for thing in (*things, tall)},
        motions={}, links=links)
    questions = asked(Known(cut), refusing.cut_off)
    assert of(questions, 'pink box')
    assert all(question.truth is None for question in questions)


def test_every_family_has_a_name_and_settings_leave_some() -> None:
    assert len(FAMILIES) >= 12
    assert set(families_for(SETTINGS['no_tf'])) > {'no TF', 'size', 'count'}
    assert 'size' not in families_for(SETTINGS['no_depth'])
    assert families_for(SETTINGS['realsense']) is FAMILIES


def test_sights_know_what_hides() -> None:
    world = small_world()
    low = look_at(np.array([0.3, 0.1, 0.74]), np.array([1.0, 0.1, 0.74]))
    hidden = World(**{
        name: getattr(world, name) for name in (
            'seed', 'kind', 'fixtures', 'supports', 'rows', 'cameras', 'views', 'light',
            'stands_on', 'motions')},
        things=(*world.things[:3], ball('orange ball 1', 'orange', 1.2, 0.1), *world.things[4:]),
        links=(world.links[0], Link('front_optical', 'base_link', Path.still(low))))
    sight = Known(hidden)._seeing.sight('orange ball 1', 1)
    assert sight.share < 0.05
    assert sight.hiders == ('green ball',)


def test_question_texts_vary(known: Known) -> None:
    questions = asked(known, metric.closest_distance)
    assert len({re.sub('red box|blue bottle|green ball', '*', each.text)
                for each in questions}) >= 5
