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
from dataclasses import replace

import numpy as np
import pytest

from spatialclaw_ros.eval.claw_sim import choosing, layout, metric, moving, refusing, relations
from spatialclaw_ros.eval.claw_sim.asked import Asked, Family
from spatialclaw_ros.eval.claw_sim.families import FAMILIES, families_for
from spatialclaw_ros.eval.claw_sim.hints import hint_for
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
    for question in asked(known, refusing.borderline):
        assert question.truth is None
        limit = float(re.findall(r'([\d.]+) cm', question.text)[0]) / 100
        truths = [known.gap(a, b) for a, b in itertools.combinations(known.whole, 2)] + [
            known.size(item)[2] for item in known.whole]
        assert 1e-4 < min(abs(limit - truth) for truth in truths) < 5e-4


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
    found = set()
    for seed in range(8):
        phrases = known.absent(random.Random(seed), known.seen)
        taken = [phrase for phrase in phrases if phrase.split()[0] in colours]
        assert len(phrases) == 2 * len(taken) > 20
        found.update(phrases)
    assert {'red mug', 'green can', 'yellow mug'} <= found
    # of a box, a bottle and balls somebody might say so
    assert not {'red box', 'red book', 'blue can', 'orange box', 'yellow ball', 'cyan bottle'
                } & found


def test_who_refuses_is_asked_for_the_kind_that_its_likes_have(known: Known) -> None:
    kinds = {'How': ('number', 'm'), 'Is': ('yes_no', ''), 'Are': ('yes_no', ''),
             'Where': ('point', 'm'), 'Which': ('text', '')}
    for family in (refusing.absent, refusing.ambiguous, refusing.borderline,
                   refusing.unknown_frame, refusing.without_tf):
        for question in asked(known, family):
            first = question.text.split()[0]
            bearing = ('number', 'rad')
            assert (question.answer, question.unit) == kinds.get(first, bearing), question.text
            assert bool(question.options) is (first == 'Which')
            assert all(option in question.text for option in question.options)


def test_a_cut_off_thing_has_no_known_size() -> None:
    tall = objects.box('pink box', PALETTE['pink'], (0.3, 0.3, 0.9), on_table(1.1, 0.55), 0.0)
    low = look_at(np.array([0.3, 0.55, 1.15]), np.array([0.9, 0.55, 0.80]))
    cut = Known(seen_from(low, with_things(tall)))
    questions = asked(cut, refusing.cut_off)
    assert of(questions, 'tall', 'pink box') or of(questions, 'height', 'pink box')
    assert all(question.truth is None for question in questions)
    pink = next(item for item in cut.items if item.name == 'pink box')
    assert not cut.has_level_sides(pink)
    # from above its top shows, and the table beside it
    high = look_at(np.array([0.2, 0.55, 2.0]), np.array([1.1, 0.55, 1.7]))
    assert not of(asked(Known(seen_from(high, with_things(tall))), refusing.cut_off), 'pink')


def test_every_family_has_a_name_and_settings_leave_some() -> None:
    assert len(FAMILIES) >= 12
    assert set(families_for(SETTINGS['no_tf'])) > {'no TF', 'size', 'count'}
    assert 'size' not in families_for(SETTINGS['no_depth'])
    assert families_for(SETTINGS['realsense']) == FAMILIES
    assert 'borderline' not in families_for(SETTINGS['perfect'])
    # known poses tell metres by several pictures; bare pictures don't
    assert 'no metres' not in families_for(SETTINGS['no_depth'])
    assert 'no metres' in families_for(SETTINGS['pictures'])


def test_sights_know_what_hides_whatever_the_order() -> None:
    low = look_at(np.array([0.3, 0.1, 0.74]), np.array([1.0, 0.1, 0.74]))
    world = seen_from(low, with_things(
        ball('orange ball 1', 'orange', 1.2, 0.1), ball('pink ball', 'pink', 1.1, 0.11)))
    sights = [Known(each)._seeing.sight('orange ball 1', 1) for each in (
        world, replace(world, things=world.things[::-1]))]
    for sight in sights:
        assert sight.share < 0.05
        assert set(sight.hidden_by) == {'green ball', 'pink ball'}
        assert sight.hidden_by['green ball'] > 0.95
        assert sight.hidden_by['pink ball'] == sights[0].hidden_by['pink ball'] > 0.3


# ---- what can be argued about is not asked
def with_things(*more: SceneObject) -> World:
    """The small world with other things, in the places of their likes; nothing moves."""
    world = small_world()
    names = {thing.name for thing in more}
    things = (*(thing for thing in world.things[:5] if thing.name not in names), *more)
    return replace(world, things=things, motions={},
                   stands_on={thing.name: 'table' for thing in things})


def seen_from(pose: np.ndarray, world: World) -> World:
    """A world, seen from elsewhere."""
    return replace(world, links=(
        world.links[0], Link('front_optical', 'base_link', Path.still(pose))))


def test_without_tf_nothing_is_told_from_the_robot() -> None:
    known = Known(small_world(), has_tf=False, newest_alone=True)
    families = families_for(SETTINGS['no_tf'])
    questions = [each for family in families.values() for each in asked(known, family, 5)]
    named = [each for each in questions if re.search('robot|base_link|gripper', each.text)]
    assert named
    assert all(each.truth is None for each in named)
    assert of(questions, 'from the camera')


def test_one_of_several_is_asked_about_where_they_differ(known: Known) -> None:
    sides = of(asked(known, refusing.ambiguous), 'Is the orange', 'left of')
    # one orange ball is left of these and the other right
    assert {each.text.split(' of the ')[1] for each in sides} <= {'green ball?', 'blue bottle?'}
    same = Known(with_things(ball('orange ball 2', 'orange', 0.8, 0.45)))
    assert not of(asked(same, refusing.ambiguous), 'Is the orange', 'left of')


def test_what_fits_stands_straight_beside_the_others(known: Known) -> None:
    questions = asked(known, relations.fits)
    assert {each.about[2] for each in questions} == {'blue bottle'}
    for each in of(questions, 'red box', 'green ball'):
        assert each.truth is True  # 13 cm for 6 cm
    upstairs = Known(replace(small_world(), stands_on={
        **small_world().stands_on, 'green ball': 'red box'}))
    assert not of(asked(upstairs, relations.fits), 'green ball')


def test_a_mug_has_two_middles() -> None:
    mug = objects.mug('blue mug', PALETTE['blue'], on_table(0.8, -0.15), -1.5)
    known = Known(with_things(mug))
    assert of(asked(known, metric.closest_distance), 'blue mug')
    for family in (metric.center_distance, metric.position, metric.frame_distance, moving.bearing):
        assert asked(known, family)
        assert not of(asked(known, family), 'blue mug')


def test_a_way_between_the_pictures_is_not_known(known: Known) -> None:
    bent = Path.through([0, SECOND_NS // 2, SECOND_NS], [
        make_transform(np.eye(3), on_table(*place)) for place in (
            (0.75, -0.5), (0.9, -0.5), (0.9, -0.35))])
    world = replace(small_world(), motions={'purple ball': bent})
    assert not asked(Known(world), moving.path_length)
    assert not asked(known, moving.path_length)  # a straight way is a distance
    middle = replace(world, views=(
        *world.views[:1], View('front', SECOND_NS // 2), *world.views[1:]))
    assert asked(Known(middle), moving.path_length)[0].truth == pytest.approx(0.3)


def test_between_is_on_one_support_and_between_two_places() -> None:
    a, b = on_table(0.9, 0.3), on_table(0.9, -0.1)
    cup, below = np.array([0.9, 0.1, 0.7]), np.array([0.9, 0.1, 0.1])
    assert layout.between(a, b, [(cup, 0.04, True)]) == ([0], False)
    assert layout.between(a, b, [(below, 0.04, False)]) == ([], True)
    assert layout.between(a, np.array([0.9, 0.3, 0.8]), [(cup, 0.04, True)]) == ([], True)


def test_from_above_nothing_is_before_or_behind() -> None:
    above = look_at(np.array([0.9, 0.0, 1.7]), np.array([0.95, 0.0, 0.7]))
    known = Known(seen_from(above, with_things(ball('purple ball', 'purple', 0.7, 0.3))))
    words = ' '.join(each.text for each in asked(known, relations.relation))
    assert 'left' in words
    assert not re.search('front|behind', words)
    world = replace(small_world(), links=known.world.links)
    towards = Path.through([0, SECOND_NS], [
        make_transform(np.eye(3), on_table(x, -0.4)) for x in (1.0, 0.7)])
    assert not asked(Known(replace(world, motions={'purple ball': towards})), moving.direction)


@pytest.mark.parametrize(('text', 'hint'), [
    ('How far is the red box from the can?', 'nearest point'),
    ('How far did the can move?', ''),
    ('How long is the path that the can took?', ''),
    ('How long is the red box?', 'level sides'),
    ('How wide is the gap between the can and the cup?', 'nearest point'),
    ('How tall is the mug?', 'stands now'),
    ('How high is the top of the mug above the table?', ''),
    ('Where is the can relative to base_link?', 'centre'),
    ('What is the bearing of the can from the robot?', 'left is positive'),
    ('Is the can left of the cup?', 'camera sees'),
    ('Seen from the other side of the scene, is the can left of the cup?', ''),
    ('How many objects are partly hidden behind the can in the last picture?', 'not counted'),
    ('How many cans are there?', ''),
])
def test_conventions_are_told(text: str, hint: str) -> None:
    assert hint in hint_for(text)
    assert bool(hint) is bool(hint_for(text))


def test_question_texts_vary(known: Known) -> None:
    questions = asked(known, metric.closest_distance)
    assert len({re.sub('red box|blue bottle|green ball', '*', each.text)
                for each in questions}) >= 5
