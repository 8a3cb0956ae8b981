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

"""What TF tells beside poses: gaps, jumps, quarrels, loops; losses and pairing of cameras."""

from __future__ import annotations

import math

import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.ros.losses import Losses
from spatialclaw_ros.ros.streams import Sample, paired_share
from spatialclaw_ros.ros.tf_links import LINKS_KEPT, Links

SECOND = 10**9


@pytest.fixture
def links(make):
    """Links, and a way to tell them a transform at a stamp in seconds."""
    made = Links()

    def tell(parent, child, stamp_s, x=0.0, *, sender='one', static=False, now_s=None):
        return made.note(
            make.transform(parent, child, stamp_s, (x, 0, 0)), static=static, sender=sender,
            now_s=stamp_s if now_s is None else now_s)
    tell('base', 'camera', 0, static=True)
    return made, tell


def drive(tell, stamps, speed=1.0, **options):
    for stamp_s in stamps:
        tell('odom', 'base', stamp_s, speed * stamp_s, **options)


def tenths(first, last):
    return [step / 10 for step in range(round(first * 10), round(last * 10))]


@pytest.mark.parametrize(('speed', 'stamps', 'kinds'), [
    (1.0, tenths(1, 3), []), (10.0, tenths(1, 3), []),
    # moved on while nothing came; stood still meanwhile; always as slow as that
    (1.0, [*tenths(1, 2), 4.0, 4.1], ['gap']), (0.0, [*tenths(1, 2), 4.0, 4.1], []),
    (1.0, [1.0, 2.0, 3.0, 4.0], [])])
def test_gaps_are_told_from_slow_publishers_and_from_standing_still(links, speed, stamps, kinds):
    made, tell = links
    drive(tell, stamps, speed)
    found = made.breaks(made.way('odom', 'camera'))
    assert [one.kind for one in found] == kinds
    for one in found:
        assert (one.from_ns, one.to_ns) == (1.9 * SECOND, 4 * SECOND)


def test_a_jump_is_of_the_way_that_it_lies_on(links):
    made, tell = links
    drive(tell, tenths(1, 2))
    tell('odom', 'base', 2.0, 9.0)
    tell('base', 'hand', 2.0)
    (jump,) = made.breaks(made.way('odom', 'camera'))
    assert (jump.kind, jump.to_ns) == ('jump', 2 * SECOND)
    assert "'base' in 'odom' moves by 7.10 m" in jump.text
    assert made.breaks(made.way('base', 'camera')) == []
    assert made.breaks(made.way('hand', 'camera')) == []
    made.clear()
    assert made.way('odom', 'camera') == ('camera',)


def test_a_frame_that_gets_another_parent(links):
    made, tell = links
    tell('table', 'cup', 1.0)
    tell('hand', 'cup', 1.1)
    (jump,) = made.breaks(['cup'])
    assert "changes its parent from 'table'" in jump.text


def test_two_publishers_are_told_and_a_quarrel_too(links):
    made, tell = links
    drive(tell, tenths(11, 12))
    assert made.doubled(['base'], 12.0) == ''
    # one that lags by 3 s is no jump back of time
    assert tell('odom', 'base', 8.9, 11.0, sender='two') is None
    assert '2 publishers send' in made.doubled(['base'], 10.5)
    assert made.quarrel(['base'], 12.0) == ''
    for step in range(4):
        tell('odom', 'base', 12.0 + step / 10, 5.0 * (step % 2), sender=['one', 'two'][step % 2])
    assert 'jumps to and fro' in made.quarrel(['base'], 12.4)
    assert made.quarrel(['base'], 19.0) == ''
    assert 'several' not in made.quarrel(['base'], 12.4)
    assert str(tell('odom', 'base', 0.5)).startswith("stamps of 'base' in 'odom' jumped back by 11")


@pytest.mark.parametrize(('heard_s', 'jumped_s', 'back_s'), [
    # after a pause; at once, where the old one's silence tells, or a camera's jump
    ([20.0], None, [20.0]), ([12.0, 13.5, 14.0], None, [14.0]), ([12.1], 12.0, [12.1])])
def test_a_publisher_that_was_started_again_is_another_one(links, heard_s, jumped_s, back_s):
    made, tell = links
    drive(tell, tenths(11, 12))
    if jumped_s:
        made.may_begin_again(jumped_s)
    assert back_s == [
        now_s for now_s in heard_s
        if tell('odom', 'base', now_s - 10.0, sender='two', now_s=now_s) is not None]


def test_two_publishers_that_nobody_tells_apart(links):
    made, tell = links
    drive(tell, tenths(11, 12), sender=None)
    # a bag that begins again looks like this at first
    assert tell('odom', 'base', 10.4, sender=None, now_s=12.0) is not None
    made.clear()
    for step in range(1, 9):
        stamp_s = (10.4 if step % 2 else 12.0) + step / 20
        assert tell('odom', 'base', stamp_s, sender=None, now_s=12 + step / 20) is None
    assert 'jumped back by 1.5' in made.doubled(['base'], 12.5)
    assert 'several publishers send them' in made.doubled(['base'], 12.5)
    assert made.doubled(['base'], 16.0) == ''
    for step in range(4):
        tell('odom', 'base', 17.0 + step / 10, 5.0 * (step % 2), sender=None)
    assert 'as several publishers, or one' in made.quarrel(['base'], 17.4)


def test_frames_that_come_and_go_stay_bounded(links):
    made, tell = links
    tell('map', 'odom', 0.0)
    for step in range(3 * LINKS_KEPT):
        tell('odom', 'base', step / 100)
        tell('odom', f'person_{step}', step / 100)
        assert f'person_{step}' in made.frames
    assert len(made.frames) <= LINKS_KEPT + 10
    names = made.names(3 * LINKS_KEPT / 100)
    assert set(names[:2]) == {'base', 'camera'}
    assert f'person_{3 * LINKS_KEPT - 1}' in names
    assert 'person_0' not in names
    assert made.way('map', 'camera') == ('camera', 'base', 'odom')


def test_a_loop_is_named_and_the_way_through_it_holds(links):
    made, tell = links
    drive(tell, tenths(1, 2))
    assert made.loop('camera') == ''
    tell('base', 'odom', 1.9)
    assert made.loop('camera') == 'base -> odom -> base'
    assert made.way('odom', 'camera') == ('camera', 'base')


def test_a_cameras_tf_in_one_line(rig):
    source = rig.transforms()
    assert 'nothing came on /tf' in source.health('camera', SECOND)
    rig.tf(('base', 'camera', 0), static=True)
    rig.tf(('odom', 'base', 10.0))
    assert rig.wait(lambda: source.has_frame('odom') and source.has_frame('camera'))
    assert source.health('camera', 10 * SECOND) == ''
    assert "no frame 'nose'" in source.health('nose', 10 * SECOND)
    assert "from 'odom' to 'base' is 5.0 s behind" in source.health('camera', 15 * SECOND)
    rig.tf(('base', 'odom', 10.1))
    assert rig.wait(lambda: 'base -> odom -> base' in source.health('camera', 10 * SECOND))


def test_tf_whose_qos_keeps_it_away_is_named_with_the_cure(rig):
    source = rig.transforms()
    rig.out.create_publisher(
        TFMessage, '/tf', QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
    assert rig.wait(lambda: 'rig_out publishes /tf' in source.health('camera', SECOND))
    said = source.health('camera', SECOND)
    assert 'reliab' in said.lower()
    assert 'ros2 topic info /tf --verbose' in said


def numbered(number, publisher=b'a'):
    gid = {'publisher_gid': {'data': publisher}} if publisher else {}
    return {'publication_sequence_number': number, **gid}


@pytest.mark.parametrize(('numbers', 'lost'), [
    ([1, 2, 3], 0), ([7, 8, 11, 12], 2), ([1, 2, 1, 2], 0),
    ([1, (1, b'b'), 2, (4, b'b')], 2),
    # nobody tells whose they are: of one that loses two, of two, of one that was started again
    ([(1, None), (2, None), (5, None)], 2), ([(5, None), (900, None), (6, None), (901, None)], 0),
    ([(7, None), (8, None), (1, None), (2, None)], 0)])
def test_lost_messages_by_their_numbers(numbers, lost):
    losses = Losses()
    for each in numbers:
        losses.saw(0, numbered(*each) if isinstance(each, tuple) else numbered(each))
    assert losses.lost == lost


@pytest.mark.parametrize('info', [None, {'source_timestamp': 1}])
def test_lost_messages_by_their_stamps(info):
    losses = Losses()
    # a camera of 30 Hz that loses two in a row, and one that stops for a while is no loss
    steps = [*range(20), *range(22, 40), *range(400, 410)]
    for step in steps:
        losses.saw(step * SECOND // 30, info)
    assert losses.lost == 2


def samples(*stamps_ms):
    return [Sample(stamp * 10**6, 0.0, 1, None, None) for stamp in stamps_ms]


@pytest.mark.parametrize(('images', 'partners', 'share'), [
    ([], [], math.nan), ([0, 100], [], 1.0), ([0, 100], [[0, 100], [1, 99]], 1.0),
    ([0, 100, 200, 300], [[0, 200, 300]], 0.75), ([0, 100], [[]], 0.0),
    # the newest one's depth is on its way; that of all that came since 0 is not
    ([0, 100, 200], [[0, 100]], 1.0), ([0, 200, 400, 600, 800], [[0]], 0.5)])
def test_share_of_paired_images(images, partners, share):
    found = paired_share(
        samples(*images), [samples(*each) for each in partners], tolerance_ns=20 * 10**6)
    assert found == pytest.approx(share, nan_ok=True)
