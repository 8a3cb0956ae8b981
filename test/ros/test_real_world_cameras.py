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

"""Several cameras on one robot: overlapping, late, silent, changed, broken; the real node."""

from __future__ import annotations

import copy
import time

import pytest
from asking import Asker
from builtin_interfaces.msg import Duration
from eyes_double import POSES, Eyes, messages, parameters
from live_node import LiveNode
from robot_double import GAP_M

from spatialclaw_ros.msg import SpatialAnswer

APART = 'How far apart are the red ball and the blue ball?'
TOLERANCE_M = 0.015
# what happened a moment ago is in it, however slow the machine is
LONG = Duration(sec=9)


@pytest.fixture(scope='module')
def world():
    eyes = Eyes(off=('late',))
    asker = Asker(eyes.node)
    with LiveNode('spatialclaw', {**parameters(*POSES), 'max_frames': 4}) as live:
        assert live.node.start()
        assert len(asker.until(
            lambda answer: len(answer.cameras) == 3, 'Is there a red ball?').cameras) == 3
        yield eyes, asker
    eyes.close()


@pytest.fixture
def robot(world):
    eyes, asker = world
    eyes.reset()
    yield eyes, asker
    eyes.reset()


def is_apart(answer, cameras=None):
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert answer.number == pytest.approx(GAP_M, abs=TOLERANCE_M)
    if cameras is not None:
        assert set(answer.cameras) == set(cameras)
    return ' | '.join(answer.missing_priors)


def count_of(answer):
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    return answer.number


def test_what_only_one_and_what_only_the_other_sees(robot):
    _, asker = robot
    for camera, ball in (('left', 'blue'), ('right', 'red')):
        answer = asker.ask(f'Is there a {ball} ball?', cameras=[camera])
        assert (answer.status, answer.boolean) == (SpatialAnswer.STATUS_OK, False), answer.message
    is_apart(asker.ask(APART, cameras=['left', 'right']), ('left', 'right'))


def test_what_both_see_counts_once(robot):
    _, asker = robot
    for cameras in (['left', 'front'], ['left', 'right', 'front']):
        assert count_of(asker.ask('How many red balls are there?', cameras=cameras)) == 1
    assert count_of(asker.ask('How many balls are there?', cameras=['left', 'right', 'front'])) == 2
    is_apart(asker.ask(APART, cameras=['left', 'front']), ('left', 'front'))


def test_a_camera_that_appears_late(robot):
    eyes, asker = robot
    silent = asker.ask(APART, cameras=['late'])
    assert silent.status == SpatialAnswer.STATUS_NO_FRAMES
    assert 'camera late: no image on /late/image' in silent.message
    assert 'no publishers' in silent.message
    assert 'camera late: no image on /late/image' in is_apart(asker.ask(APART))
    eyes.start('late')
    seen = asker.until(lambda one: one.status == 0 and len(one.frames) > 2, APART, cameras=['late'])
    is_apart(seen, ('late',))


def test_a_camera_that_stops_is_named_with_its_topic(robot):
    eyes, asker = robot
    eyes.eyes['left'].on = False
    stopped = asker.until(
        lambda answer: answer.status != SpatialAnswer.STATUS_OK, APART, cameras=['left', ])
    assert stopped.status in (SpatialAnswer.STATUS_NO_FRAMES, SpatialAnswer.STATUS_REFUSED)
    stopped = asker.until(
        lambda answer: answer.status == SpatialAnswer.STATUS_NO_FRAMES, 'Is there a red ball?',
        cameras=['left'])
    assert 'camera left: no image on /left/image' in stopped.message
    assert 'came since the start, the last one' in stopped.message
    said = is_apart(asker.ask(APART, cameras=['front', 'left']), ('front',))
    assert 'camera left: no image on /left/image' in said


def narrower(name):
    made = messages(name)
    made['camera_info'].k[0] = made['camera_info'].k[4] = 280.0
    return made


@pytest.mark.parametrize(('changed', 'said'), [
    (lambda: messages('front', zoom=2), 'changed from 320x240 to 640x480'),
    (lambda: messages('front', frame_id='late_optical'), "frame_id from 'front_optical'"),
    (lambda: narrower('front'), 'changed their CameraInfo')])
def test_a_camera_that_changes_in_the_window(robot, changed, said):
    eyes, asker = robot
    now = changed()
    for _ in range(5):  # a slow machine may be late for what happened once
        changed_s, eyes.eyes['front'].messages = time.monotonic(), now
        answer = asker.until(
            lambda answer, since_s=changed_s: time.monotonic() - since_s > LONG.sec or any(
                said in line for line in answer.missing_priors),
            'Is there a red ball?', cameras=['front'], window=LONG)
        if any(said in line for line in answer.missing_priors):
            break
        eyes.reset()
        time.sleep(1.0)
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert any(said in line for line in answer.missing_priors), answer.missing_priors
    assert {one.header.frame_id for one in answer.frames} == {now['image'].header.frame_id}


def with_step(message):
    made = copy.copy(message)
    made.step = 3
    return made


def short(message):
    made = copy.copy(message)
    made.data = message.data[:1000]
    return made


def odd(message):
    made = copy.copy(message)
    made.encoding = 'yuv9_made_up'
    return made


@pytest.mark.parametrize(('role', 'edit', 'said'), [
    ('image', with_step, 'step of 3 bytes'), ('image', short, '1000 bytes of data'),
    ('image', odd, "'yuv9_made_up'"), ('depth', short, '1000 bytes of data'),
    ('depth', odd, "'yuv9_made_up'")])
def test_malformed_images_leave_the_others_usable(robot, role, edit, said):
    eyes, asker = robot
    turns = []

    def every_other(message):
        turns.append(1)
        return edit(message) if len(turns) % 2 else message
    eyes.eyes['front'].edit[role] = every_other
    answer = asker.until(
        lambda answer: answer.status == SpatialAnswer.STATUS_OK and any(
            said in line for line in answer.missing_priors), APART, cameras=['front'])
    heard = is_apart(answer, ('front',))
    assert f'/front/{role}' in heard
    assert said in heard


def test_a_camera_that_sends_nothing_else_is_named(robot):
    eyes, asker = robot
    eyes.eyes['front'].edit['image'] = odd
    answer = asker.until(
        lambda answer: answer.status == SpatialAnswer.STATUS_NO_FRAMES, APART, cameras=['front'])
    assert answer.status == SpatialAnswer.STATUS_NO_FRAMES
    assert "images on /front/image can't be decoded" in answer.message
    assert 'yuv9_made_up' in answer.message
    is_apart(asker.ask(APART, cameras=['left', 'right']), ('left', 'right'))
