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

"""Bad input through the real service: each one gets a definite status and says what is missing.

The node runs in a process of its own, a robot double in this one; what the robot sends is bent for
a test and put right again. Windows are short, so that a question sees only what was sent last.
"""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import rclpy
from builtin_interfaces.msg import Duration, Time
from node_process import NodeProcess
from rclpy.context import Context
from rclpy.node import Node
from robot_double import (
    CAMERA_FRAME,
    PARAMETERS,
    TOPICS,
    RobotDouble,
    image_message,
    render,
    spin_until,
    transform_message,
)
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.srv import SpatialQuery

DISTANCE = 'How far apart are the red ball and the blue ball?'
WINDOW_S = 0.3
SETTLE_S = 0.8
OK, REFUSED, NO_FRAMES, INVALID, BUSY = (
    SpatialAnswer.STATUS_OK, SpatialAnswer.STATUS_REFUSED, SpatialAnswer.STATUS_NO_FRAMES,
    SpatialAnswer.STATUS_INVALID_REQUEST, SpatialAnswer.STATUS_BUSY)


@pytest.fixture(scope='module')
def robot():
    double = RobotDouble()
    yield double
    double.close()


@pytest.fixture(scope='module')
def node(robot, tmp_path_factory):
    parameters = {
        **PARAMETERS, 'cameras': ['camera', 'rear'], 'rear.image': '/rear/image_raw',
        'window_s': WINDOW_S, 'max_frames': 2, 'max_queued': 0, 'timeout_s': 25.0}
    with NodeProcess(tmp_path_factory.mktemp('bad_input'), parameters) as process:
        yield process
        assert process.running, process.log


@pytest.fixture(scope='module')
def asker(node):
    context = Context()
    rclpy.init(args=[], context=context)
    ros = Node('asker', context=context)
    client = ros.create_client(SpatialQuery, '/spatialclaw/query')
    assert spin_until(ros, client.service_is_ready), node.log

    def ask_all(*requests):
        futures = [client.call_async(request) for request in requests]
        assert spin_until(ros, lambda: all(f.done() for f in futures), 90.0), node.log
        return [future.result().answer for future in futures]

    yield ask_all
    ros.destroy_node()
    rclpy.try_shutdown(context=context)


@pytest.fixture(scope='module')
def ask(asker, robot):
    def one(question=DISTANCE, **fields):
        fields.setdefault('cameras', ['camera'])
        return asker(SpatialQuery.Request(question=question, **fields))[0]

    until(one, OK)
    return one


def until(ask, status, *words, fits=bool, **fields):
    """Ask until an answer has this status and these words: what was sent before is still there."""
    end_s = time.monotonic() + 60.0
    while True:
        answer = ask(**fields)
        if answer.status == status and all(word in notes(answer) for word in words) and (
                fits(answer)):
            return answer
        assert time.monotonic() < end_s, (answer.status, notes(answer))
        time.sleep(0.05)


@pytest.fixture
def bent(robot, ask):
    """Give the robot, to be bent; it is put right again after the test."""
    yield robot
    robot.reset()
    robot.pause(False)
    until(ask, OK)


def notes(answer):
    """Everything in words that came with an answer."""
    return ' | '.join([answer.message, *answer.missing_priors])


@pytest.mark.parametrize(('fields', 'words'), [
    ({'question': 'x' * 1_000_000}, ('1000000 characters', '4000')),
    ({'question': ''}, ('empty',)),
    ({'question': ' \n\t '}, ('empty',)),
    ({'cameras': ['left']}, ("'left'", 'camera', 'rear')),
    ({'cameras': ['x' * 100_000]}, ('camera', 'rear')),
    ({'frame_id': 'x' * 100_000}, ('base_link', 'odom')),
    ({'answer_type': 99}, ('answer_type 99', '1 NUMBER')),
    ({'answer_type': SpatialAnswer.TYPE_CHOICE}, ('CHOICE', 'two choices', 'got 0')),
    ({'answer_type': SpatialAnswer.TYPE_CHOICE, 'choices': ['red']}, ('CHOICE', 'got 1')),
    ({'choices': ['red', ' ']}, ('choice is empty',)),
    ({'choices': ['red', 'x' * 1_000_000]}, ('1000000 characters', '500')),
    ({'tolerance': -0.02}, ('tolerance is -0.02 m', '0.1 m or 20 %')),
    ({'tolerance': math.nan}, ('tolerance is nan m',)),
    ({'tolerance': math.inf}, ('tolerance is inf m',)),
    ({'timeout': Duration(sec=-1)}, ('timeout', '-1 s', '25 s')),
    ({'window': Duration(sec=-3)}, ('window', '-3 s')),
    ({'max_frames': 4_000_000_000}, ('max_frames', '512')),
    ({'client': 'x' * 201}, ('client has 201 characters', '200')),
    ({'stamp': Time(sec=-5)}, ('stamp', '-5 s')),
    ({'frame_id': 'nowhere'}, ("'nowhere'", 'base_link', 'odom', CAMERA_FRAME)),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else None)
def test_a_request_of_no_use_is_told_why(ask, fields, words):
    answer = ask(**fields)
    assert answer.status == INVALID, answer.message
    for word in words:
        assert word in answer.message
    assert answer.query_id
    assert len(answer.question) <= 4000
    assert len(answer.message) < 1000


def test_emoji_are_a_question_that_is_refused(ask):
    answer = ask('🤖🥤📏❓')
    assert answer.status == REFUSED, answer.message
    assert answer.question == '🤖🥤📏❓'
    assert 'distance' in answer.message.lower()


def test_timeout_of_zero_is_the_default(ask):
    assert ask(timeout=Duration()).status == OK


def test_a_camera_that_never_published_is_named_with_its_topic(ask):
    answer = ask(cameras=['rear'])
    assert answer.status == NO_FRAMES
    assert '/rear/image_raw' in answer.message
    assert 'no publishers' in answer.message


def test_a_silent_camera_beside_a_good_one_is_a_missing_prior(ask):
    answer = ask(cameras=[])
    assert answer.status == OK, answer.message
    assert answer.cameras == ['camera']
    assert '/rear/image_raw' in notes(answer)


def test_intrinsics_of_zeros(ask, bent):
    info = bent.info
    info.k, info.p = [0.0] * 9, [0.0] * 12
    answer = until(ask, REFUSED, 'all zeros')
    assert f'no intrinsics of camera from {TOPICS["camera_info"]}' in answer.message
    assert 'all zeros' in answer.message


def test_a_camera_info_that_stops_is_taken_to_hold(ask, bent):
    bent.info = None
    answer = until(ask, OK, f'the nearest CameraInfo on {TOPICS["camera_info"]} is ')
    assert answer.number == pytest.approx(0.2, abs=0.02)


def test_depth_of_another_size_is_taken_as_the_same_view(ask, bent):
    _, depth = render()
    bent.depth = image_message(np.ascontiguousarray(depth[::2, ::2]), '32FC1')
    answer = until(ask, OK, '160x120')
    assert answer.number == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(('depth', 'encoding'), [
    (np.full((240, 320), np.nan, np.float32), '32FC1'),
    (np.full((240, 320), -np.inf, np.float32), '32FC1'),
    (np.zeros((240, 320), np.uint16), '16UC1'),
    (np.full((240, 320), 65535, np.uint16), '16UC1'),
], ids=['nan', 'minus_infinity', 'zero', '65535'])
def test_depth_that_says_nothing_gives_no_number(ask, bent, depth, encoding):
    bent.depth = image_message(depth, encoding)
    until(ask, REFUSED, 'depth')


def test_no_depth_at_all_is_refused_with_the_topic(ask, bent):
    bent.depth = None
    answer = until(ask, REFUSED, 'no depth ')
    # the latter where an answer takes longer than a message is kept
    assert any(f'{words} on {TOPICS["depth"]}' in answer.message
               for words in ('no depth', 'nothing came'))


def test_a_gap_in_tf_is_reported_and_the_rest_still_serves(ask, bent):
    bent.transforms = []
    answer = until(ask, REFUSED, 'odom', frame_id='odom')
    assert 'odom' in answer.message
    assert 'base_link' in answer.message
    answer = until(ask, OK, 'odom')
    assert answer.header.frame_id == 'base_link'


def test_a_loop_in_tf_does_no_harm(ask, bent):
    bent.transforms = [*bent.transforms, ('a', 'b', np.eye(4)), ('b', 'a', np.eye(4))]
    answer = until(ask, REFUSED, frame_id='a')
    assert "'a'" in answer.message
    answer = ask()
    assert answer.status == OK, answer.message


def test_a_transform_of_nan_does_no_harm(ask, bent):
    stamp = bent.node.get_clock().now().to_msg()
    broken = transform_message('base_link', 'broken', np.eye(4), stamp)
    broken.transform.translation.x = float('nan')
    bent.tf.publish(TFMessage(transforms=[broken]))
    time.sleep(SETTLE_S)
    assert ask().status == OK


@pytest.mark.parametrize(('encoding', 'words'), [
    ('klingon8', ('klingon8',)), ('', ('encoding',)), ('bgra16', ('bgra16',))])
def test_an_encoding_nobody_knows_is_named_with_its_topic(ask, bent, encoding, words):
    bent.image.encoding = encoding
    answer = until(ask, NO_FRAMES)
    assert TOPICS['image'] in answer.message
    for word in words:
        assert word in answer.message


def test_an_image_with_too_little_data(ask, bent):
    message = image_message(render()[0], 'rgb8')
    message.data = message.data[:1000]
    bent.image = message
    answer = until(ask, NO_FRAMES)
    assert TOPICS['image'] in answer.message


def test_an_unknown_depth_encoding(ask, bent):
    bent.depth.encoding = '64FC9'
    answer = until(ask, REFUSED, '64FC9')
    assert '64FC9' in answer.message


def test_stamps_that_jump_back_empty_the_buffers_and_go_on(ask, bent):
    bent.stamp_offset_s = -100.0

    def age_s(answer):
        return time.time() - answer.header.stamp.sec

    until(ask, OK, fits=lambda answer: 95 < age_s(answer) < 110)
    bent.stamp_offset_s = 0.0
    until(ask, OK, fits=lambda answer: age_s(answer) < 10)


def test_images_that_stopped_are_not_taken_for_new_ones(ask, bent):
    bent.pause(True)
    answer = until(ask, NO_FRAMES, 'ago')
    assert TOPICS['image'] in answer.message
    assert 'ago' in answer.message


def test_a_stamp_outside_the_buffer_names_what_is_there(ask):
    answer = ask(stamp=Time(sec=1000))
    assert answer.status == NO_FRAMES
    assert 'in the buffer' in answer.message


def test_of_several_at_once_one_runs_and_the_others_are_busy(asker, ask):
    answers = asker(*[SpatialQuery.Request(question=DISTANCE, cameras=['camera'])] * 4)
    fine = [answer for answer in answers if answer.status == OK]
    busy = [answer for answer in answers if answer.status == BUSY]
    assert len(fine) + len(busy) == 4
    assert fine
    assert busy
    assert any(one.query_id in other.message for other in busy for one in fine)
    assert 'red ball' in busy[0].message


def test_after_all_that_the_node_answers(ask, node):
    answer = ask()
    assert answer.status == OK, notes(answer)
    assert answer.number == pytest.approx(0.2, abs=0.02)
    assert node.running
    assert 'Traceback' not in node.log
